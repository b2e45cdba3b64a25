-- name: fleet_listen
-- Be woken when rows of a pipeline have changed.
LISTEN pgazure;

-- name: fleet_join
-- Say that a worker is here. Its session holds a lock for as long as it lives.
WITH held AS MATERIALIZED (SELECT pg_advisory_lock(hashtextextended('pgazure.worker.' || %(worker_id)s::uuid, 0)))
INSERT INTO pgazure.worker (worker_id, host, process_id, backend_pid)
SELECT %(worker_id)s, %(host)s, %(process_id)s, pg_backend_pid() FROM held
ON CONFLICT (worker_id) DO UPDATE SET backend_pid = excluded.backend_pid;

-- name: fleet_forget
-- Remove workers that have ended without a word: nobody holds their lock.
DELETE FROM pgazure.worker
WHERE worker_id <> %(worker_id)s AND pg_try_advisory_xact_lock(hashtextextended('pgazure.worker.' || worker_id, 0));

-- name: fleet_leave
-- A worker ends.
DELETE FROM pgazure.worker WHERE worker_id = %(worker_id)s;

-- name: fleet_pipelines
-- The pipelines that are there to be served, and the moment of their latest change.
SELECT p.pipeline_id, p.name, p.spec ->> 'trigger' AS trigger, p.updated_at, p.paused_at IS NOT NULL AS paused,
    EXISTS (SELECT FROM pgazure.order o WHERE o.pipeline = p.name AND o.action = 'run' AND o.finished_at IS NULL) AS ordered
FROM pgazure.pipeline p ORDER BY p.name;

-- name: tick_times
-- What time it is, and since when the pipeline is there.
SELECT now() AS now, created_at AS since FROM pgazure.pipeline WHERE pipeline_id = %(pipeline_id)s;

-- name: tick_take
-- Take a tick, if nobody has it, or if the worker that had it is gone and it is not done.
INSERT INTO pgazure.tick AS t (pipeline_id, tick_at, worker_id)
VALUES (%(pipeline_id)s, %(tick_at)s, %(worker_id)s)
ON CONFLICT (pipeline_id, tick_at) DO UPDATE SET worker_id = excluded.worker_id, taken_at = now()
WHERE t.finished_at IS NULL AND t.worker_id <> excluded.worker_id
    AND pg_try_advisory_xact_lock(hashtextextended('pgazure.worker.' || t.worker_id, 0))
RETURNING tick_at;

-- name: tick_finish
-- The run of a tick is done; ticks of long ago are forgotten.
WITH finished AS (
    UPDATE pgazure.tick SET finished_at = now() WHERE pipeline_id = %(pipeline_id)s AND tick_at = %(tick_at)s
)
DELETE FROM pgazure.tick
WHERE pipeline_id = %(pipeline_id)s AND tick_at < %(tick_at)s::timestamptz - interval '30 days';

-- name: steps_halted
-- The steps of a pipeline that stand still.
SELECT name FROM pgazure.step WHERE pipeline_id = %(pipeline_id)s AND halted_at IS NOT NULL;

-- name: circuit_create
-- Begin to keep what is known of a service.
INSERT INTO pgazure.circuit (endpoint, deployment, operation) VALUES (%(endpoint)s, %(deployment)s, %(operation)s)
ON CONFLICT DO NOTHING;

-- name: circuit_patience
-- A worker that is frozen in the middle of it must not hold up the others.
SELECT set_config('lock_timeout', '2s', true) AS lock, set_config('idle_in_transaction_session_timeout', '10s', true) AS idle;

-- name: circuit_enter
-- Look into it, one worker at a time. The time is that at which it was this one's turn.
UPDATE pgazure.circuit SET updated_at = clock_timestamp()
WHERE endpoint = %(endpoint)s AND deployment = %(deployment)s AND operation = %(operation)s
RETURNING sharing, class::text AS error_class, code, message, status_code, failures,
    extract(epoch FROM updated_at)::float8 AS now, extract(epoch FROM opened_at)::float8 AS opened_at,
    extract(epoch FROM probe_at)::float8 AS probe_at, extract(epoch FROM failed_at)::float8 AS failed_at,
    extract(epoch FROM succeeded_at)::float8 AS succeeded_at;

-- name: circuit_leave
-- Write down what is known now.
UPDATE pgazure.circuit SET rate = %(rate)s, sharing = %(sharing)s, class = %(class)s, code = %(code)s,
    message = %(message)s, status_code = %(status_code)s, failures = %(failures)s,
    opened_at = to_timestamp(%(opened_at)s), probe_at = to_timestamp(%(probe_at)s),
    failed_at = to_timestamp(%(failed_at)s), succeeded_at = to_timestamp(%(succeeded_at)s)
WHERE endpoint = %(endpoint)s AND deployment = %(deployment)s AND operation = %(operation)s;

-- name: circuits_try
-- Let open circuits try at once: somebody has perhaps put right what was wrong.
UPDATE pgazure.circuit SET probe_at = now() WHERE opened_at IS NOT NULL;
