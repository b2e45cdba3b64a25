-- name: generation_list
-- Generations of a pipeline's steps, the oldest first.
SELECT step, generation, spec, result_table, state, created_at, switched_at
FROM pgazure.generation WHERE pipeline_id = %(pipeline_id)s ORDER BY step, generation;

-- name: generation_save
-- Remember a generation, or what has become of it.
INSERT INTO pgazure.generation (pipeline_id, step, generation, spec, result_table, state)
VALUES (%(pipeline_id)s, %(step)s, %(generation)s, %(spec)s, %(table)s, %(state)s)
ON CONFLICT (pipeline_id, step, generation) DO UPDATE SET spec = excluded.spec, result_table = excluded.result_table,
    state = excluded.state;

-- name: generation_tell
-- Runs under way do not know the new generation, and so must claim nothing more.
UPDATE pgazure.pipeline SET updated_at = clock_timestamp() WHERE pipeline_id = %(pipeline_id)s;

-- name: generation_retire
-- The generation that readers have seen so far, with what it was made by.
UPDATE pgazure.generation SET state = 'old', spec = %(spec)s, result_table = %(table)s
WHERE pipeline_id = %(pipeline_id)s AND step = %(step)s AND state = 'current';

-- name: generation_promote
-- The generation that readers see from now on.
UPDATE pgazure.generation SET state = 'current', result_table = %(table)s, switched_at = now()
WHERE pipeline_id = %(pipeline_id)s AND step = %(step)s AND generation = %(generation)s;

-- name: generation_forget
-- Forget a generation.
DELETE FROM pgazure.generation
WHERE pipeline_id = %(pipeline_id)s AND step = %(step)s AND generation = %(generation)s;

-- name: generation_table_drop
-- Drop the results of a generation.
DROP TABLE IF EXISTS {table};

-- name: generation_rows
-- How many rows have a result.
SELECT count(DISTINCT ({row})) AS rows FROM {table};

-- name: generation_running
-- Whether a run of the pipeline is at work. None can begin until the transaction ends.
SELECT count(*) AS runs FROM pgazure.run r
WHERE r.pipeline_id = %(pipeline_id)s AND r.finished_at IS NULL AND (
    NOT pg_try_advisory_xact_lock(hashtextextended('pgazure.run.' || r.run_id, 0))
    -- One that has just begun may not have shown its life yet.
    OR r.started_at > now() - interval '10 seconds'
);

-- name: generation_hold_runs
-- Let no run begin before this is done.
LOCK TABLE pgazure.run IN SHARE MODE;

-- name: results_of_others
-- Whether a table holds results of another model.
SELECT EXISTS (SELECT FROM {table} WHERE model <> %(model)s) AS present;

-- name: table_state
-- What hangs on a table: row security, the views that follow it by number, its indexes.
SELECT c.relrowsecurity AS secured,
    ARRAY(
        SELECT DISTINCT format('%%I.%%I', n.nspname, v.relname) FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
        JOIN pg_catalog.pg_class v ON v.oid = w.ev_class JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace
        WHERE d.refobjid = c.oid AND v.relname <> %(view)s ORDER BY 1
    ) AS views,
    ARRAY(
        SELECT i.relname::text FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
        WHERE x.indrelid = c.oid ORDER BY 1
    ) AS indexes
FROM pg_catalog.pg_class c
WHERE c.oid = to_regclass(quote_ident(%(schema)s) || '.' || quote_ident(%(table)s));

-- name: table_grants
-- Who else may do what with a table.
SELECT CASE WHEN g.grantee = 0 THEN NULL ELSE pg_get_userbyid(g.grantee)::text END AS role,
    g.privilege_type AS privilege, g.is_grantable AS grantable
FROM pg_catalog.pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS g
WHERE c.oid = to_regclass(quote_ident(%(schema)s) || '.' || quote_ident(%(table)s)) AND g.grantee <> c.relowner;

-- name: table_grant
-- Let whoever may read one table read the other.
GRANT {privilege} ON {table} TO {role} {option};

-- name: table_rename
-- Call a table otherwise.
ALTER TABLE {table} RENAME TO {name};

-- name: index_rename
-- Call an index after its table.
ALTER INDEX {index} RENAME TO {name};

-- name: result_rename
-- The same in the record of tables.
UPDATE pgazure.result SET result_table = %(name)s, step = %(step)s
WHERE pipeline_id = %(pipeline_id)s AND result_schema = %(schema)s AND result_table = %(table)s;

-- name: result_forget
-- A table that is not there any more.
DELETE FROM pgazure.result
WHERE pipeline_id = %(pipeline_id)s AND result_schema = %(schema)s AND result_table = %(table)s;

-- name: step_forget
-- A generation is no step any more; what failed in it neither.
WITH errors AS (DELETE FROM pgazure.error WHERE pipeline_id = %(pipeline_id)s AND step = %(step)s)
DELETE FROM pgazure.step WHERE pipeline_id = %(pipeline_id)s AND name = %(step)s;

-- name: step_errors_rename
-- What failed in a generation fails in the step.
UPDATE pgazure.error SET step = %(name)s WHERE pipeline_id = %(pipeline_id)s AND step = %(step)s;

-- name: step_errors_forget
-- What failed before does not count any more.
DELETE FROM pgazure.error WHERE pipeline_id = %(pipeline_id)s AND step = %(step)s;

-- name: generation_labels
-- How often which label of one generation meets which of the other.
SELECT {one}::text AS one, {other}::text AS other, count(*) AS rows
FROM {table_one} a JOIN {table_other} b ON {same} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2;

-- name: generation_sample
-- The same places of both generations, some of them.
SELECT {one} AS one, {other} AS other FROM (
    SELECT * FROM {table_one} ORDER BY input_hash LIMIT %(limit)s
) AS a JOIN {table_other} b ON {same};
