-- Where the services are and what opens them. A key in this table is read by its owner, by members of
-- azure_ai_settings_manager and by the process that answers the calls; that process may have its keys from its own
-- environment instead, and then the table stays empty.

CREATE TABLE IF NOT EXISTS azure_ai.settings (
    key text PRIMARY KEY,
    value text NOT NULL
);
COMMENT ON TABLE azure_ai.settings IS 'Settings of the services; azure_ai.set_setting writes them.';
COMMENT ON COLUMN azure_ai.settings.key IS 'Name of the setting, such as azure_openai.endpoint.';
COMMENT ON COLUMN azure_ai.settings.value IS 'Its value, keys in clear text.';
REVOKE ALL ON azure_ai.settings FROM PUBLIC;

-- Hosts that a key may be sent to. Only the owner changes it: who may set an endpoint must not be able to send a key
-- that he cannot read to a machine of his own through it.
CREATE TABLE IF NOT EXISTS pgazure_bridge.allowed_hosts (
    host text PRIMARY KEY CHECK (host = lower(host) AND host ~ '^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$|^\[[0-9a-f:.]+\]$')
);
COMMENT ON TABLE pgazure_bridge.allowed_hosts IS 'Hosts that a key may be sent to.';
COMMENT ON COLUMN pgazure_bridge.allowed_hosts.host IS 'A name; *. before it stands for every name that ends with it.';
REVOKE ALL ON pgazure_bridge.allowed_hosts FROM PUBLIC;

-- Only where the table is new or emptied: what the owner took out stays out.
INSERT INTO pgazure_bridge.allowed_hosts (host)
SELECT host
FROM (VALUES
    ('*.openai.azure.com'), ('*.cognitiveservices.azure.com'), ('*.services.ai.azure.com'),
    ('*.api.cognitive.microsoft.com'), ('*.cognitive.microsofttranslator.com'),
    ('*.inference.ml.azure.com'), ('*.models.ai.azure.com'), ('*.inference.ai.azure.com'),
    ('*.openai.azure.us'), ('*.cognitiveservices.azure.us'), ('*.cognitive.microsofttranslator.us'),
    ('*.openai.azure.cn'), ('*.cognitiveservices.azure.cn'), ('*.translator.azure.cn'),
    ('localhost'), ('127.0.0.1'), ('[::1]')
) AS known (host)
WHERE NOT EXISTS (SELECT FROM pgazure_bridge.allowed_hosts);

-- What is committed counts for every call that comes after it: the server hears of both in their order.
CREATE OR REPLACE FUNCTION pgazure_bridge.announce_settings() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_notify('pgazure_bridge', 'settings');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.announce_settings() IS 'Have the servers read the settings again.';

CREATE OR REPLACE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON azure_ai.settings
    FOR EACH STATEMENT EXECUTE FUNCTION pgazure_bridge.announce_settings();
CREATE OR REPLACE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pgazure_bridge.allowed_hosts
    FOR EACH STATEMENT EXECUTE FUNCTION pgazure_bridge.announce_settings();

CREATE OR REPLACE FUNCTION pgazure_bridge.setting_keys() RETURNS text[]
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT ARRAY[
        'azure_cognitive.auth_type', 'azure_cognitive.endpoint', 'azure_cognitive.region',
        'azure_cognitive.subscription_key', 'azure_cognitive.translator_resource_id',
        'azure_ml.auth_type', 'azure_ml.endpoint_key', 'azure_ml.scoring_endpoint',
        'azure_ml.serverless_ranking_endpoint', 'azure_ml.serverless_ranking_endpoint_key',
        'azure_openai.auth_type', 'azure_openai.endpoint', 'azure_openai.subscription_key'
    ];
END;
COMMENT ON FUNCTION pgazure_bridge.setting_keys() IS 'Names of all settings.';

CREATE OR REPLACE FUNCTION pgazure_bridge.find_host(endpoint text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT
BEGIN ATOMIC
    SELECT (regexp_match(
        lower(endpoint), '^https?://(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:[0-9]{1,5})?(/[^\s?#@\\]*)?$'
    ))[1];
END;
COMMENT ON FUNCTION pgazure_bridge.find_host(text) IS
    'Host of an http or https address without user, query and fragment; NULL for anything else.';

CREATE OR REPLACE FUNCTION pgazure_bridge.is_allowed_host(name text) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM pgazure_bridge.allowed_hosts AS allowed
        WHERE allowed.host = name
            OR (allowed.host LIKE '*.%' AND right(name, length(allowed.host) - 1) = substr(allowed.host, 2))
    );
END;
COMMENT ON FUNCTION pgazure_bridge.is_allowed_host(text) IS 'Whether a key may be sent to this host.';

-- SECURITY DEFINER: whoever may change settings has no right on the hosts, nor on anything else of this schema.
CREATE OR REPLACE FUNCTION pgazure_bridge.write_setting(key text, value text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    host text := pgazure_bridge.find_host(value);
BEGIN
    IF key IS NULL OR key <> ALL (pgazure_bridge.setting_keys()) THEN
        RAISE EXCEPTION 'azure_ai.set_setting: InvalidKey: there is no setting of this name' USING
            ERRCODE = 'invalid_parameter_value',
            HINT = format('There are: %s.', array_to_string(pgazure_bridge.setting_keys(), ', '));
    ELSIF coalesce(value, '') = '' THEN
        DELETE FROM azure_ai.settings WHERE settings.key = write_setting.key;
        RETURN;
    ELSIF key LIKE '%.auth\_type' AND value NOT IN ('subscription-key', 'managed-identity') THEN
        RAISE EXCEPTION 'azure_ai.set_setting: InvalidValue: % is subscription-key or managed-identity', key USING
            ERRCODE = 'invalid_parameter_value';
    ELSIF key LIKE '%endpoint' AND host IS NULL THEN
        RAISE EXCEPTION 'azure_ai.set_setting: InvalidValue: % is no address of a service', key USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'An address is such as https://NAME.openai.azure.com, without user, query and fragment.';
    ELSIF key LIKE '%endpoint' AND NOT pgazure_bridge.is_allowed_host(host) THEN
        RAISE EXCEPTION 'azure_ai.set_setting: HostNotAllowed: a key may not be sent to %', host USING
            ERRCODE = 'insufficient_privilege',
            HINT = 'The owner of the functions adds hosts to the table pgazure_bridge.allowed_hosts.';
    END IF;
    INSERT INTO azure_ai.settings AS settings (key, value) VALUES (key, value)
    ON CONFLICT ON CONSTRAINT settings_pkey DO UPDATE SET value = excluded.value;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.write_setting(text, text) IS 'Check a setting and change it.';

CREATE OR REPLACE FUNCTION pgazure_bridge.read_setting(key text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF read_setting.key IS NULL OR read_setting.key <> ALL (pgazure_bridge.setting_keys()) THEN
        RAISE EXCEPTION 'azure_ai.get_setting: InvalidKey: there is no setting of this name' USING
            ERRCODE = 'invalid_parameter_value',
            HINT = format('There are: %s.', array_to_string(pgazure_bridge.setting_keys(), ', '));
    END IF;
    RETURN (SELECT settings.value FROM azure_ai.settings WHERE settings.key = read_setting.key);
END
$$;
COMMENT ON FUNCTION pgazure_bridge.read_setting(text) IS 'Read a setting.';

CREATE OR REPLACE FUNCTION azure_ai.set_setting(key text, value text) RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT pgazure_bridge.write_setting(key, value);
END;
COMMENT ON FUNCTION azure_ai.set_setting(text, text) IS 'Change a setting; NULL or an empty text unsets it.';

CREATE OR REPLACE FUNCTION azure_ai.get_setting(key text) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT pgazure_bridge.read_setting(key);
END;
COMMENT ON FUNCTION azure_ai.get_setting(text) IS 'Read a setting, keys in clear text; NULL where it is not set.';

REVOKE EXECUTE ON FUNCTION
    azure_ai.set_setting(text, text), azure_ai.get_setting(text),
    pgazure_bridge.write_setting(text, text), pgazure_bridge.read_setting(text)
FROM PUBLIC;

DO $$
BEGIN
    IF to_regrole('azure_ai_settings_manager') IS NOT NULL THEN
        GRANT EXECUTE ON FUNCTION
            azure_ai.set_setting(text, text), azure_ai.get_setting(text),
            pgazure_bridge.write_setting(text, text), pgazure_bridge.read_setting(text)
        TO azure_ai_settings_manager;
        GRANT SELECT ON azure_ai.settings TO azure_ai_settings_manager;
    END IF;
END
$$;
