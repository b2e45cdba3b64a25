-- name: queue_create
-- One row per changed row of the source: its key, when it is due, and who holds it.
CREATE TABLE {queue} (
    {key_columns},
    due_at timestamptz NOT NULL DEFAULT now(),
    lease uuid,
    run_id bigint,
    attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY ({keys})
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- name: queue_index
-- Claims read in order of due_at.
CREATE INDEX ON {queue} (due_at);

-- name: enqueue_all
-- Queue every row of the source.
INSERT INTO {queue} ({keys}) SELECT {keys} FROM {source}
ON CONFLICT ({keys}) DO UPDATE SET due_at = now(), lease = NULL, attempts = 0;

-- name: capture_function
-- Queue the keys of rows that were written. SECURITY DEFINER, because whoever may
-- write to the source need not hold any right on the queue.
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $capture$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO {queue} AS q ({keys}) SELECT {new_keys} FROM new_rows n
        ON CONFLICT ({keys}) DO UPDATE SET due_at = now(), lease = NULL, attempts = 0;
    ELSIF TG_OP = 'UPDATE' THEN
        -- A row whose key changed stands in the queue under its new key; the row of its old key
        -- is settled when it is claimed and no longer found.
        INSERT INTO {queue} AS q ({keys}) SELECT {new_keys} FROM new_rows n
        WHERE NOT EXISTS (
            SELECT FROM old_rows o WHERE {same_key} AND ROW({old_watched}) IS NOT DISTINCT FROM ROW({new_watched})
        )
        ON CONFLICT ({keys}) DO UPDATE SET due_at = now(), lease = NULL, attempts = 0;
        INSERT INTO {queue} AS q ({keys}) SELECT {old_keys} FROM old_rows o
        WHERE NOT EXISTS (SELECT FROM new_rows n WHERE {same_key})
        ON CONFLICT ({keys}) DO UPDATE SET due_at = now(), lease = NULL, attempts = 0;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO {queue} AS q ({keys}) SELECT {old_keys} FROM old_rows o
        ON CONFLICT ({keys}) DO UPDATE SET due_at = now(), lease = NULL, attempts = 0;
    ELSE
        TRUNCATE {queue};
        DELETE FROM pgazure.error WHERE pipeline_id = {pipeline_id};
    END IF;
    RETURN NULL;
END
$capture$;

-- name: capture_drop
-- Take the triggers of a pipeline off its source.
DROP FUNCTION IF EXISTS {function}() CASCADE;

-- name: capture_insert
-- Fire once per statement, COPY and ON CONFLICT included.
CREATE TRIGGER {trigger} AFTER INSERT ON {source}
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {function}();

-- name: capture_update
-- Fire once per statement; the function keeps the rows that really changed.
CREATE TRIGGER {trigger} AFTER UPDATE ON {source}
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {function}();

-- name: capture_delete
-- Results go by their foreign keys; the queue clears what else is kept of the row.
CREATE TRIGGER {trigger} AFTER DELETE ON {source}
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION {function}();

-- name: capture_truncate
-- Results go with TRUNCATE … CASCADE; this clears the queue and the errors.
CREATE TRIGGER {trigger} AFTER TRUNCATE ON {source} FOR EACH STATEMENT EXECUTE FUNCTION {function}();

-- name: result_create
-- The results of one step beside the source, under the source's own key.
CREATE TABLE IF NOT EXISTS {table} (
    {columns},
    model text NOT NULL,
    input_hash bytea NOT NULL,
    enriched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ({row_key}),
    FOREIGN KEY ({keys}) REFERENCES {source} ({keys}) ON UPDATE CASCADE ON DELETE CASCADE
);

-- name: result_index
-- Equal inputs are found by their hash, so that none is paid for twice.
CREATE INDEX IF NOT EXISTS {index} ON {table} (input_hash);

-- name: result_comment
-- Say in the catalog what the table is.
COMMENT ON TABLE {table} IS {comment};

-- name: view_drop
-- A view whose columns change otherwise than by more at the end has to be made anew.
DROP VIEW IF EXISTS {view};

-- name: view_create
-- The source with the results of every step beside each row.
CREATE OR REPLACE VIEW {view} {options} AS SELECT {columns} FROM {source} s {joins};

-- name: pipeline_find
-- One pipeline by name.
SELECT pipeline_id, name, source_schema, source_table, spec FROM pgazure.pipeline WHERE name = %(name)s;

-- name: pipeline_list
-- All pipelines by name.
SELECT pipeline_id, name, source_schema, source_table, spec FROM pgazure.pipeline ORDER BY name;

-- name: pipeline_save
-- Keep the specification.
INSERT INTO pgazure.pipeline (name, source_schema, source_table, spec)
VALUES (%(name)s, %(schema)s, %(table)s, %(spec)s)
ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, updated_at = now()
RETURNING pipeline_id;

-- name: pipeline_lock
-- Let one apply of a pipeline run at a time.
SELECT pg_advisory_xact_lock(hashtextextended('pgazure.pipeline.' || %(name)s, 0));

-- name: steps_clear
-- Forget the steps that the specification no longer names.
DELETE FROM pgazure.step WHERE pipeline_id = %(pipeline_id)s AND name <> ALL (%(names)s);

-- name: steps_clear_errors
-- Forget what failed in those steps.
DELETE FROM pgazure.error WHERE pipeline_id = %(pipeline_id)s AND step <> ALL (%(names)s) AND step <> '*';

-- name: step_save
-- Keep where a step's results lie.
INSERT INTO pgazure.step (pipeline_id, name, operation, dimensions, result_schema, result_table)
VALUES (%(pipeline_id)s, %(name)s, %(operation)s, %(dimensions)s, %(schema)s, %(table)s)
ON CONFLICT (pipeline_id, name) DO UPDATE SET operation = excluded.operation, dimensions = excluded.dimensions,
    result_schema = excluded.result_schema, result_table = excluded.result_table,
    halted_at = NULL, halted_class = NULL, halted_code = NULL, halted_message = NULL;

-- name: step_tables
-- Where the results of one operation lie, over all pipelines: equal inputs are looked up in all of them.
SELECT DISTINCT s.result_schema AS schema, s.result_table AS table
FROM pgazure.step s
WHERE s.operation = %(operation)s AND s.dimensions IS NOT DISTINCT FROM %(dimensions)s
    AND to_regclass(quote_ident(s.result_schema) || '.' || quote_ident(s.result_table)) IS NOT NULL
    AND has_table_privilege(quote_ident(s.result_schema) || '.' || quote_ident(s.result_table), 'SELECT')
ORDER BY 1, 2;

-- name: result_owner
-- Which pipeline and step a result table belongs to already.
SELECT p.name AS pipeline, s.name AS step FROM pgazure.step s JOIN pgazure.pipeline p USING (pipeline_id)
WHERE s.result_schema = %(schema)s AND s.result_table = %(table)s
    AND (p.name, s.name) IS DISTINCT FROM (%(pipeline)s, %(step)s);
