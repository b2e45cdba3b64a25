-- name: order_next
-- The first pipeline that is ordered and that nobody is at.
SELECT order_id, pipeline, spec FROM pgazure.order WHERE finished_at IS NULL AND action = 'create'
ORDER BY order_id LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: order_finish
-- Say what came of an order.
UPDATE pgazure.order SET finished_at = now(), outcome = %(outcome)s, message = %(message)s WHERE order_id = %(order_id)s;

-- name: orders_to_run
-- Pipelines that a run is ordered of.
SELECT DISTINCT o.pipeline FROM pgazure.order o JOIN pgazure.pipeline p ON p.name = o.pipeline
WHERE o.finished_at IS NULL AND o.action = 'run' ORDER BY 1;

-- name: orders_met
-- A run that has ended meets the orders that were there when it began.
UPDATE pgazure.order o SET finished_at = now(), outcome = %(outcome)s
FROM pgazure.run r
WHERE r.run_id = %(run_id)s AND o.ordered_at <= r.started_at AND o.finished_at IS NULL AND o.action = 'run'
    AND o.pipeline = (SELECT name FROM pgazure.pipeline WHERE pipeline_id = r.pipeline_id);

-- name: pipeline_paused
-- Whether a pipeline is paused.
SELECT paused_at IS NOT NULL AS paused FROM pgazure.pipeline WHERE name = %(name)s;

-- name: pipeline_pause
-- Let no more rows be claimed.
SELECT pgazure.pause(%(name)s) AS done;

-- name: pipeline_resume
-- Let rows be claimed again.
SELECT pgazure.resume(%(name)s) AS done;

-- name: pipeline_backfill
-- Queue every row again.
SELECT pgazure.backfill(%(name)s) AS rows;

-- name: pipeline_drop
-- Take a pipeline away, and the result tables that are named.
SELECT result_table, dropped FROM pgazure.drop_pipeline(%(name)s, %(tables)s);

-- name: results_left
-- Result tables of steps that pipelines no longer have.
SELECT p.name AS pipeline, r.result_schema AS schema, r.result_table AS table, s.name AS step
FROM pgazure.result r JOIN pgazure.pipeline p USING (pipeline_id)
LEFT JOIN pgazure.step s USING (pipeline_id, result_schema, result_table)
WHERE NOT r.past AND %(table)s::text IN (
    r.result_table, r.result_schema || '.' || r.result_table, quote_ident(r.result_schema) || '.' || quote_ident(r.result_table));

-- name: results_drop
-- Drop a result table.
DROP TABLE IF EXISTS {table};

-- name: result_unregister
-- Forget that it was there.
DELETE FROM pgazure.result WHERE (result_schema, result_table) = (%(schema)s, %(table)s);
