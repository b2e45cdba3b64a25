-- name: status_read
-- How pipelines stand.
SELECT p.name, p.spec, s.*
FROM pgazure.pipeline p CROSS JOIN LATERAL pgazure.read_status(p.name, %(exact)s) AS s
WHERE %(name)s::text IS NULL OR p.name = %(name)s ORDER BY p.name;

-- name: status_steps
-- How their steps stand.
SELECT p.name, s.step, s.result_table, s.rows, s.results, s.failed, s.parked, s.latest, s.halted_at,
    s.halted_class::text AS halted_class, s.halted_code, s.halted_message, s.counted
FROM pgazure.pipeline p CROSS JOIN LATERAL pgazure.read_steps(p.name, %(exact)s) AS s
WHERE %(name)s::text IS NULL OR p.name = %(name)s;

-- name: run_progress
-- How far a run has come.
UPDATE pgazure.run SET rows = %(rows)s, rate = %(rate)s, progress_at = now() WHERE run_id = %(run_id)s;

-- name: retry_failed
-- Queue rows with errors again.
SELECT rows FROM pgazure.retry_failed(%(pipeline)s, %(step)s, %(class)s, %(code)s, %(key)s);
