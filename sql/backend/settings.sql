-- name: find_settings
-- What of the settings of azure_ai is here: the function that reads one, the table that holds them.
SELECT to_regprocedure('azure_ai.get_setting(text)') IS NOT NULL AS has_function,
    to_regclass('azure_ai.settings') IS NOT NULL AS has_table;

-- name: read_setting
-- One setting through the function.
SELECT azure_ai.get_setting(%(key)s::text) AS value;

-- name: read_settings_table
-- Settings from the table, where there is no function.
SELECT key, value FROM azure_ai.settings WHERE key = ANY (%(keys)s);
