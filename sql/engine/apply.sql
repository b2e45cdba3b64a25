-- name: queue_create
-- One row per changed row of the source: its key, when it is due, and who holds it.
CREATE TABLE {queue} (
    {key_columns},
    due_at timestamptz NOT NULL DEFAULT now(),
    lease uuid,
    run_id bigint,
    attempts integer NOT NULL DEFAULT 0,
    waiting_since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ({keys})
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- name: queue_index
-- Claims read in order of due_at.
CREATE INDEX ON {queue} (due_at);

-- name: queue_age
-- How long the oldest row waits is asked often.
CREATE INDEX ON {queue} (waiting_since);

-- name: changes_create
-- Keys of rows that were written, as the triggers leave them: without an index, so that a write costs little.
CREATE TABLE {changes} (
    {key_columns},
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- name: bundles_create
-- Keys of rows that one large statement wrote, up to 10,000 in a row.
CREATE TABLE {bundles} (
    {bundle_columns},
    bundle_size integer NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- name: bundles_storage
-- To compress them would cost the writer more than it saves.
ALTER TABLE {bundles} {storage};

-- name: pending_create
-- Every row that waits or is worked on.
CREATE OR REPLACE VIEW {pending} AS
SELECT {queue_keys}, q.due_at, q.lease, q.run_id, q.attempts FROM {queue} q
UNION ALL
SELECT {changes_keys}, min(c.changed_at), NULL, NULL, 0 FROM (
    SELECT {keys}, changed_at FROM {changes}
    UNION ALL
    SELECT {bundle_keys}, b.changed_at FROM {bundles} b, {bundle_items}
) AS c ({keys}, changed_at)
WHERE NOT EXISTS (SELECT FROM {queue} q WHERE {queue_is_change}) GROUP BY {changes_keys};

-- name: enqueue_all
-- Queue every row of a table: of the source, or of one of its partitions.
INSERT INTO {queue} ({keys}) SELECT {source_keys} FROM {table} s WHERE {condition}
ON CONFLICT ({keys}) DO UPDATE SET due_at = now(), lease = NULL, attempts = 0;

-- name: waiting_limit
-- Whoever waits for a table lets everybody wait who comes after him: not for long, unless it was asked for.
SELECT set_config('lock_timeout', '10s', true) WHERE current_setting('lock_timeout') = '0';

-- name: fill_want
-- Remember that every row of the source is to be queued.
UPDATE pgazure.pipeline SET fill_wanted = true WHERE pipeline_id = %(pipeline_id)s;

-- name: fill_wanted
-- What is still to be queued: all of the source, or those of its partitions; and what the pipeline is by now.
-- No row where there is nothing.
SELECT p.fill_wanted AS whole, p.spec, p.updated_at, w.partitions, w.schemas, w.names FROM pgazure.pipeline p, LATERAL (
    SELECT coalesce(array_agg(c.oid::bigint ORDER BY c.oid), ARRAY[]::bigint[]) AS partitions,
        coalesce(array_agg(n.nspname::text ORDER BY c.oid), ARRAY[]::text[]) AS schemas,
        coalesce(array_agg(c.relname::text ORDER BY c.oid), ARRAY[]::text[]) AS names
    FROM pgazure.partition w JOIN pg_class c ON c.oid = w.partition JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE w.pipeline_id = p.pipeline_id AND w.fill_wanted AND c.relkind <> 'p'
) AS w
WHERE p.pipeline_id = %(pipeline_id)s AND (p.fill_wanted OR cardinality(w.partitions) > 0);

-- name: fill_done
-- Nothing is left to be queued of what was wanted then. An apply that is under way is not waited for, since it may
-- wait for us; like one that came meanwhile, it leaves a wish of its own.
WITH filled AS (
    UPDATE pgazure.partition SET fill_wanted = false
    WHERE pipeline_id = %(pipeline_id)s AND partition = ANY (%(partitions)s::oid[])
)
UPDATE pgazure.pipeline SET fill_wanted = false WHERE pipeline_id = (
    SELECT pipeline_id FROM pgazure.pipeline
    WHERE pipeline_id = %(pipeline_id)s AND fill_wanted AND updated_at = %(updated_at)s
    FOR NO KEY UPDATE SKIP LOCKED
);

-- name: fill_count
-- What was queued is to be seen by the planner, and by those who ask how many rows wait.
ANALYZE {queue};

-- name: enqueue_orphans
-- Queue the rows that have results and are not in the source, for the results to be removed.
INSERT INTO {queue} ({keys}) SELECT DISTINCT {result_keys} FROM {table} r
WHERE NOT EXISTS (SELECT FROM {source} s WHERE {source_is_result})
ON CONFLICT ({keys}) DO UPDATE SET due_at = now(), lease = NULL, attempts = 0;

-- name: capture_function
-- Leave the keys of rows that were written. SECURITY DEFINER, because whoever may write to the source
-- need not hold any right on what is kept of it. Results of deleted rows go at once, wherever they are.
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $capture$
DECLARE
    result regclass;
    noted integer;
    names text;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        IF TG_NARGS = 0 THEN
            DELETE FROM {changes};
            DELETE FROM {bundles};
            DELETE FROM {queue};
            DELETE FROM pgazure.error WHERE pipeline_id = {pipeline_id};
            FOR result IN {result_tables} LOOP
                EXECUTE 'TRUNCATE ' || result;
            END LOOP;
        ELSE
            -- A partition alone: what is left without a row is found by looking.
            FOR result IN {result_tables} LOOP
                EXECUTE 'DELETE FROM ' || result || {of_nothing};
            END LOOP;
        END IF;
    ELSE
        -- Writers go on where a column has another name since the last apply. Nothing is written in this
        -- block: each would take a transaction number of its own then.
        BEGIN
            {look};
        EXCEPTION WHEN undefined_column THEN
            {new_names};
            IF names IS NULL THEN
                RAISE WARNING USING MESSAGE = {lost}, HINT = {lost_hint};
                RETURN NULL;
            END IF;
        END;
        IF names IS NULL THEN
            {leave};
        ELSE
            {leave_renamed};
        END IF;
    END IF;
    -- Only where somebody listens, because transactions that notify commit one after the other.
    IF EXISTS (SELECT FROM pgazure.worker) AND EXISTS (
        SELECT FROM pgazure.pipeline WHERE pipeline_id = {pipeline_id} AND spec ->> 'trigger' = 'on_change'
    ) THEN
        PERFORM pg_notify('pgazure', {pipeline});
    END IF;
    RETURN NULL;
END
$capture$;

-- name: look_at_rows
-- Read none of the rows that a statement wrote, inside the capture function.
IF TG_OP = 'DELETE' THEN
                PERFORM {old_keys} FROM old_rows o LIMIT 0;
            ELSE
                PERFORM {new_keys}, {new_watched} FROM new_rows n LIMIT 0;
            END IF;

-- name: look_at_record
-- The same for one row.
IF TG_OP = 'DELETE' THEN
                PERFORM {old_record_keys};
            ELSE
                PERFORM {new_record_keys}, {new_record_watched};
            END IF;

-- name: leave_rows
-- What a statement wrote, inside the capture function. A row whose key changed is worked on under its new key
-- first, where the results are found that stand under the old one; then the old key is found to be gone. The
-- join is a full one because no plan for it compares each row with each: the plan is kept for the session, and
-- may have been made for a single row.
IF TG_OP = 'INSERT' THEN
                {leave_new};
            ELSIF TG_OP = 'UPDATE' THEN
                WITH compared ({before_names}, {after_names}) AS MATERIALIZED (
                    SELECT {old_keys}, {new_keys} FROM old_rows o FULL JOIN new_rows n ON {paired}
                    WHERE {old_first} IS NULL OR {new_first} IS NULL
                        OR ROW({old_watched}) IS DISTINCT FROM ROW({new_watched})
                ), gone AS (
                    INSERT INTO {changes} ({keys}, changed_at)
                    SELECT {before}, clock_timestamp() FROM compared c WHERE {after_first} IS NULL
                )
                INSERT INTO {changes} ({keys}) SELECT {after} FROM compared c WHERE {after_first} IS NOT NULL;
            ELSE
                {leave_old};
                FOR result IN {result_tables} LOOP
                    EXECUTE 'DELETE FROM ' || result || {of_rows};
                END LOOP;
            END IF;

-- name: leave_record
-- The same for one row.
IF TG_OP = 'INSERT' THEN
                INSERT INTO {changes} ({keys}) VALUES ({new_record_keys});
            ELSIF TG_OP = 'UPDATE' THEN
                IF ROW({old_record_watched}) IS DISTINCT FROM ROW({new_record_watched}) OR NOT ({same_record_key}) THEN
                    INSERT INTO {changes} ({keys}) VALUES ({new_record_keys});
                END IF;
                IF NOT ({same_record_key}) THEN
                    INSERT INTO {changes} ({keys}, changed_at) VALUES ({old_record_keys}, clock_timestamp());
                END IF;
            ELSE
                INSERT INTO {changes} ({keys}) VALUES ({old_record_keys});
                FOR result IN {result_tables} LOOP
                    EXECUTE 'DELETE FROM ' || result || {of_record} USING {old_record_keys};
                END LOOP;
            END IF;

-- name: leave_singly
-- Keys of rows, one by one.
INSERT INTO {changes} ({keys}) SELECT {row_keys} FROM {rows};

-- name: leave_bundled
-- Keys of rows: the first one by one, the next in slices of a single array, which is the cheapest, and any number
-- of others in arrays that are made one after the other, so that no array grows with the statement.
INSERT INTO {changes} ({keys}) SELECT {row_keys} FROM {rows} LIMIT 1000;
                GET DIAGNOSTICS noted = ROW_COUNT;
                IF noted = 1000 THEN
                    INSERT INTO {bundles} ({keys}, bundle_size)
                    SELECT {slices}, least(10000, a.size - s.at + 1) FROM (
                        SELECT {arrays}, count(*)::integer FROM (
                            SELECT {row_keys} FROM {rows} OFFSET 1000 LIMIT 100001
                        ) AS k ({names})
                    ) AS a ({names}, size), generate_series(1, a.size, 10000) AS s (at);
                    GET DIAGNOSTICS noted = ROW_COUNT;
                    IF noted = 11 THEN
                        INSERT INTO {bundles} ({keys}, bundle_size)
                        SELECT {arrays}, count(*) FROM (
                            SELECT {row_keys}, row_number() OVER () / 10000 FROM {rows} OFFSET 101001
                        ) AS k ({names}, bundle) GROUP BY k.bundle;
                    END IF;
                END IF;

-- name: leave_renamed
-- What was written, where a column has another name: every row may have changed.
IF TG_OP <> 'DELETE' THEN
                EXECUTE {into_changes} || names || {from_new} USING new, old;
            END IF;
            IF TG_OP <> 'INSERT' THEN
                EXECUTE {into_changes_later} || names || {from_old} USING new, old;
            END IF;
            IF TG_OP = 'DELETE' THEN
                FOR result IN {result_tables} LOOP
                    EXECUTE 'DELETE FROM ' || result || ' r USING (SELECT ' || names || {from_old} || {of_renamed} USING new, old;
                END LOOP;
            END IF;

-- name: into_changes
-- The beginning of a statement whose columns are named when it is run.
INSERT INTO {changes} ({keys}) SELECT

-- name: into_changes_later
-- The same for keys that are looked at after all others.
INSERT INTO {changes} (changed_at, {keys}) SELECT clock_timestamp(),

-- name: of_renamed
-- Which results go with the rows that were read so.
) AS o ({keys}) WHERE {result_is_old};

-- name: capture_new_names
-- What the columns of the key are called now, found by their numbers; nothing where one is gone.
SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place) INTO names
            FROM pgazure.pipeline p, unnest(ARRAY[{key_names}]) WITH ORDINALITY AS k (name, place), pg_attribute a
            WHERE p.pipeline_id = {pipeline_id} AND a.attrelid = p.source_oid
                AND a.attnum = (p.source_columns ->> k.name)::integer AND NOT a.attisdropped
                AND (p.source_oid = TG_RELID OR p.source_oid IN (SELECT pg_partition_ancestors(TG_RELID)))
            HAVING count(*) = cardinality(ARRAY[{key_names}]);

-- name: capture_results
-- The tables that hold results of a pipeline, inside the capture function.
SELECT r.found FROM (
    SELECT to_regclass(quote_ident(result_schema) || '.' || quote_ident(result_table)) AS found
    FROM pgazure.result WHERE pipeline_id = {pipeline_id}
) AS r WHERE r.found IS NOT NULL;

-- name: capture_of_rows
-- Which results go with the rows that a statement deleted.
 r USING old_rows o WHERE {result_is_old};

-- name: capture_of_record
-- Which results go with one deleted row.
 r WHERE {result_is_record};

-- name: capture_of_nothing
-- Which results belong to no row of the source.
 r WHERE NOT EXISTS (SELECT FROM {source} s WHERE {source_is_result});

-- name: capture_state
-- What the triggers of a pipeline were made of, and how many of them are there and fire.
SELECT obj_description(p.oid, 'pg_proc') AS digest,
    (SELECT count(*) FROM pg_catalog.pg_trigger t WHERE t.tgfoid = p.oid AND t.tgparentid = 0 AND t.tgenabled <> 'D') AS triggers
FROM pg_catalog.pg_proc p WHERE p.oid = to_regprocedure(%(function)s);

-- name: capture_note
-- Remember what they were made of.
COMMENT ON FUNCTION {function}() IS {digest};

-- name: capture_drop
-- Take the triggers of a pipeline off its source and its partitions.
DROP FUNCTION IF EXISTS {function}() CASCADE;

-- name: partitions
-- Partitions of a source, at every level, and whether they are watched; those that are not its partitions any more.
SELECT coalesce(t.relid::oid, w.partition)::bigint AS partition, n.nspname AS schema, c.relname AS name,
    t.isleaf AS leaf, t.relid IS NOT NULL AS present, w.partition IS NOT NULL AS watched
FROM (SELECT * FROM pg_partition_tree({source_oid}) WHERE level > 0) AS t
FULL JOIN (SELECT partition FROM pgazure.partition WHERE pipeline_id = %(pipeline_id)s) AS w ON w.partition = t.relid::oid
LEFT JOIN pg_catalog.pg_class c ON c.oid = t.relid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY t.level, 3;

-- name: partition_watch
-- Remember that a partition is watched, and that its rows are to be queued.
INSERT INTO pgazure.partition (pipeline_id, partition, fill_wanted) VALUES (%(pipeline_id)s, %(partition)s, true)
ON CONFLICT DO NOTHING;

-- name: partition_forget
-- Forget partitions.
DELETE FROM pgazure.partition WHERE pipeline_id = %(pipeline_id)s AND partition = ANY (%(partitions)s::oid[]);

-- name: capture_insert
-- Fire once per statement, COPY and ON CONFLICT included.
CREATE TRIGGER {trigger} AFTER INSERT ON {table}
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {function}({argument});

-- name: capture_update
-- Fire once per statement; the function keeps the rows that really changed.
CREATE TRIGGER {trigger} AFTER UPDATE ON {table}
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {function}({argument});

-- name: capture_delete
-- Fire once per statement.
CREATE TRIGGER {trigger} AFTER DELETE ON {table}
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION {function}({argument});

-- name: capture_truncate
-- Fire once per statement.
CREATE TRIGGER {trigger} AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {function}({argument});

-- name: capture_rows
-- Fire once per row: logical replication applies rows, not statements. Partitions have it from their table.
CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}({argument});

-- name: capture_always
-- Fire for what replication applies as well.
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger};

-- name: result_create
-- The results of one step beside the source, under the source's own key. There is no foreign key, so that
-- the source can be truncated, its partitions detached and its rows deleted as if nothing hung on them:
-- the capture function removes the results.
CREATE TABLE IF NOT EXISTS {table} (
    {columns},
    call_id uuid,
    model text NOT NULL,
    input_hash bytea NOT NULL,
    enriched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ({row_key})
);

-- name: result_register
-- Remember that a table holds results of a pipeline's rows, for as long as it is there.
INSERT INTO pgazure.result (pipeline_id, result_schema, result_table, step, operation, dimensions, past)
VALUES (%(pipeline_id)s, %(schema)s, %(table)s, %(step)s, %(operation)s, %(dimensions)s, %(past)s)
ON CONFLICT (pipeline_id, result_schema, result_table) DO UPDATE SET step = excluded.step,
    operation = excluded.operation, dimensions = excluded.dimensions, past = excluded.past;

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
ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, source_table = excluded.source_table,
    updated_at = clock_timestamp()
RETURNING pipeline_id;

-- name: pipeline_before
-- What a pipeline was when it was applied last: whether its source is the same relation, and what columns of the
-- source have other names since.
SELECT p.pipeline_id, p.source_schema, p.source_table, p.spec, p.source_oid IS NOT DISTINCT FROM {source_oid} AS same,
    (
        SELECT jsonb_agg(jsonb_build_array(k.key, a.attname) ORDER BY a.attnum)
        FROM jsonb_each(p.source_columns) AS k
        JOIN pg_catalog.pg_attribute a ON a.attrelid = p.source_oid AND a.attnum = k.value::int AND NOT a.attisdropped
        WHERE a.attname <> k.key
    ) AS renamed
FROM pgazure.pipeline p WHERE p.name = %(name)s;

-- name: step_results
-- Where the results of each step of a pipeline lie.
SELECT name AS step, quote_ident(result_schema) || '.' || quote_ident(result_table) AS name, result_table AS table
FROM pgazure.step WHERE pipeline_id = %(pipeline_id)s ORDER BY name;

-- name: key_rename
-- Call a column of the key as the source calls it now.
ALTER TABLE {table} RENAME COLUMN {old} TO {new};

-- name: errors_rename
-- The same for the keys of errors.
UPDATE pgazure.error SET key = key - %(old)s::text || jsonb_build_object(%(new)s::text, key -> %(old)s::text)
WHERE pipeline_id = %(pipeline_id)s AND key ? %(old)s::text;

-- name: pipeline_note_source
-- Remember the source and its columns by their numbers, which new names do not change.
UPDATE pgazure.pipeline SET source_oid = {source_oid}, source_columns = (
    SELECT jsonb_object_agg(a.attname, a.attnum) FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = {source_oid} AND a.attnum > 0 AND NOT a.attisdropped
) WHERE pipeline_id = %(pipeline_id)s;

-- name: pipeline_lock
-- Let one apply of a pipeline run at a time.
SELECT pg_advisory_xact_lock(hashtextextended('pgazure.pipeline.' || %(name)s, 0));

-- name: steps_clear
-- Forget the steps that the specification no longer names.
DELETE FROM pgazure.step WHERE pipeline_id = %(pipeline_id)s AND name <> ALL (%(names)s) AND name NOT IN (
    SELECT g.step || '_g' || g.generation FROM pgazure.generation g
    WHERE g.pipeline_id = %(pipeline_id)s AND g.state = 'new' AND g.step = ANY (%(names)s)
);

-- name: steps_clear_errors
-- Forget what failed in those steps.
DELETE FROM pgazure.error e WHERE e.pipeline_id = %(pipeline_id)s AND e.step <> '*' AND NOT EXISTS (
    SELECT FROM pgazure.step s WHERE s.pipeline_id = e.pipeline_id AND s.name = e.step
);

-- name: step_save
-- Keep where a step's results lie.
INSERT INTO pgazure.step (pipeline_id, name, operation, dimensions, result_schema, result_table)
VALUES (%(pipeline_id)s, %(name)s, %(operation)s, %(dimensions)s, %(schema)s, %(table)s)
ON CONFLICT (pipeline_id, name) DO UPDATE SET operation = excluded.operation, dimensions = excluded.dimensions,
    result_schema = excluded.result_schema, result_table = excluded.result_table,
    halted_at = NULL, halted_class = NULL, halted_code = NULL, halted_message = NULL;

-- name: step_tables
-- Where the results of one operation lie, over all pipelines: equal inputs are looked up in all of them, the past last.
SELECT s.result_schema AS schema, s.result_table AS table, bool_and(s.past) AS past
FROM pgazure.result s
WHERE s.operation = %(operation)s AND s.dimensions IS NOT DISTINCT FROM %(dimensions)s
    AND to_regclass(quote_ident(s.result_schema) || '.' || quote_ident(s.result_table)) IS NOT NULL
    AND has_table_privilege(quote_ident(s.result_schema) || '.' || quote_ident(s.result_table), 'SELECT')
    -- The columns of some operations are the user's choice.
    AND cardinality(%(columns)s::text[]) = (
        SELECT count(*) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = to_regclass(quote_ident(s.result_schema) || '.' || quote_ident(s.result_table))
            AND a.attname = ANY (%(columns)s::text[])
    )
GROUP BY 1, 2 ORDER BY 3, 1, 2;

-- name: result_owner
-- Which pipeline and step a result table belongs to already.
SELECT p.name AS pipeline, s.name AS step FROM pgazure.step s JOIN pgazure.pipeline p USING (pipeline_id)
WHERE s.result_schema = %(schema)s AND s.result_table = %(table)s
    AND (p.name, s.name) IS DISTINCT FROM (%(pipeline)s, %(step)s);
