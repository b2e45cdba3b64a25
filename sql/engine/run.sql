-- name: claim
-- Lease the rows that are due and read what the steps need of them. The attempt is counted here,
-- before anything is sent, so that a row that kills its worker is found out: rows that several workers
-- have not survived are worked on one by one, so that none takes its neighbours along.
WITH due AS (
    SELECT {keys} FROM {queue} WHERE due_at <= now() ORDER BY due_at
    LIMIT CASE WHEN (SELECT attempts FROM {queue} WHERE due_at <= now() ORDER BY due_at LIMIT 1) >= %(suspect)s
        THEN 1 ELSE %(limit)s END
    FOR UPDATE SKIP LOCKED
), leased AS (
    UPDATE {queue} q SET lease = %(lease)s, run_id = %(run_id)s, due_at = now() + %(duration)s, attempts = q.attempts + 1
    FROM due WHERE {queue_is_due}
    RETURNING {leased_keys}, q.attempts
)
SELECT {key_texts}, l.attempts, s.ctid IS NOT NULL AS present, {digest} AS digest, {watched_texts}
FROM leased l LEFT JOIN {source} s ON {source_is_leased};

-- name: heartbeat
-- Hold the lease while the services work.
UPDATE {queue} q SET due_at = now() + %(duration)s FROM {items} WHERE {queue_is_item} AND q.lease = %(lease)s;

-- name: fence
-- The rows that are still ours and unchanged since they were claimed. They stay as they are until the
-- results are written; whoever is changing one of them right now is not waited for.
SELECT {key_texts}
FROM {items}
JOIN {queue} q ON {queue_is_item} AND q.lease = %(lease)s
JOIN {source} s ON {source_is_item} AND {digest} = i.digest
FOR SHARE OF q SKIP LOCKED FOR KEY SHARE OF s SKIP LOCKED;

-- name: still_ours
-- The same without the locks: a row that is in here and was not fenced is only locked by someone for now.
SELECT {key_texts}
FROM {items}
JOIN {queue} q ON {queue_is_item} AND q.lease = %(lease)s
JOIN {source} s ON {source_is_item} AND {digest} = i.digest;

-- name: settle
-- Take finished rows off the queue.
DELETE FROM {queue} q USING (
    SELECT {q_keys} FROM {items} JOIN {queue} q ON {queue_is_item} AND q.lease = %(lease)s FOR UPDATE OF q SKIP LOCKED
) AS l WHERE {queue_is_locked};

-- name: release
-- Give rows back, to be claimed again after a while.
UPDATE {queue} q SET lease = NULL, due_at = now() + %(delay)s, attempts = 0
FROM (
    SELECT {q_keys} FROM {items} JOIN {queue} q ON {queue_is_item} AND q.lease = %(lease)s FOR UPDATE OF q SKIP LOCKED
) AS l WHERE {queue_is_locked};

-- name: rescue
-- Make the rows that ended runs still hold due now. A run that lives holds its lock, so whoever gets it
-- knows that nobody is there.
WITH held AS MATERIALIZED (
    SELECT DISTINCT run_id FROM {queue} WHERE lease IS NOT NULL AND run_id IS DISTINCT FROM %(run_id)s
), ended AS MATERIALIZED (
    SELECT run_id FROM held WHERE pg_try_advisory_xact_lock(hashtextextended('pgazure.run.' || run_id, 0))
), abandoned AS MATERIALIZED (
    SELECT q.ctid FROM {queue} q JOIN ended USING (run_id) WHERE q.lease IS NOT NULL FOR UPDATE OF q SKIP LOCKED
)
UPDATE {queue} q SET lease = NULL, due_at = now() FROM abandoned WHERE q.ctid = abandoned.ctid;

-- name: run_lock
-- Show that a run lives, for as long as this session lasts.
SELECT pg_advisory_lock(hashtextextended('pgazure.run.' || %(run_id)s::bigint, 0));

-- name: has_due
-- Whether any row is due.
SELECT EXISTS (SELECT FROM {queue} WHERE due_at <= now()) AS due;

-- name: wake
-- A new run does not wait for the pauses of the last one.
UPDATE {queue} SET due_at = now() WHERE lease IS NULL AND due_at > now();

-- name: next_due
-- How many rows wait, and how many seconds until the first of those that nobody holds is due.
SELECT count(*) AS waiting, extract(epoch FROM min(due_at) FILTER (WHERE lease IS NULL) - now())::float8 AS seconds
FROM {queue};

-- name: pending
-- How many rows the queue holds.
SELECT count(*) AS rows FROM {queue};

-- name: enqueue_keys
-- Queue rows by key.
INSERT INTO {queue} ({keys}) SELECT {item_keys} FROM {items}
ON CONFLICT ({keys}) DO UPDATE SET due_at = now(), lease = NULL, attempts = 0;

-- name: results_current
-- What stands in a result table for these rows.
SELECT {key_texts}, {columns} FROM {items} JOIN {table} r ON {result_is_item};

-- name: results_equal
-- Results of equal inputs, wherever they stand.
SELECT DISTINCT ON (r.input_hash) r.input_hash, {columns} FROM {table} r WHERE r.input_hash = ANY (%(hashes)s);

-- name: results_clear
-- Remove what stands for these rows, before it is written anew or because nothing is left to write.
DELETE FROM {table} r USING {items} WHERE {result_is_item};

-- name: result_write
-- One row of results.
INSERT INTO {table} ({columns}) VALUES ({values})
ON CONFLICT ({row_key}) DO UPDATE SET {updates};

-- name: error_record
-- Keep an error beside the key of its row. A parked row that fails again was changed or asked for, so it starts anew.
INSERT INTO pgazure.error AS e (pipeline_id, step, key, class, code, message, request_id, attempts, parked)
VALUES (%(pipeline_id)s, %(step)s, %(key)s, %(class)s, %(code)s, %(message)s, %(request_id)s, 1, %(parked)s)
ON CONFLICT (pipeline_id, key, step) DO UPDATE SET class = excluded.class, code = excluded.code,
    message = excluded.message, request_id = excluded.request_id, last_at = now(),
    attempts = CASE WHEN e.parked THEN 1 ELSE e.attempts + 1 END,
    parked = excluded.parked OR (NOT e.parked AND e.attempts + 1 >= %(max_attempts)s)
RETURNING parked, attempts;

-- name: errors_clear
-- Forget the errors of rows but for the steps that have failed again.
DELETE FROM pgazure.error
WHERE pipeline_id = %(pipeline_id)s AND key = ANY (%(keys)s) AND step <> ALL (%(failed)s);

-- name: errors_forget
-- Forget every error of rows that have all their results, or are gone.
DELETE FROM pgazure.error WHERE pipeline_id = %(pipeline_id)s AND key = ANY (%(keys)s);

-- name: errors_unpark
-- Forget errors so that their rows are tried again; filters that are NULL match everything.
DELETE FROM pgazure.error e
WHERE e.pipeline_id = %(pipeline_id)s
    AND (%(step)s::text IS NULL OR e.step = %(step)s)
    AND (%(class)s::text IS NULL OR e.class::text = %(class)s)
    AND (%(code)s::text IS NULL OR e.code = %(code)s)
    AND (%(key)s::jsonb IS NULL OR e.key = %(key)s)
RETURNING e.key;

-- name: errors_list
-- Errors, the latest first.
SELECT p.name AS pipeline, e.step, e.key, e.class::text AS error_class, e.code, e.message, e.request_id, e.attempts, e.parked,
    e.first_at, e.last_at
FROM pgazure.error e JOIN pgazure.pipeline p USING (pipeline_id)
WHERE (%(pipeline)s::text IS NULL OR p.name = %(pipeline)s)
    AND (%(step)s::text IS NULL OR e.step = %(step)s)
    AND (%(class)s::text IS NULL OR e.class::text = %(class)s)
    AND (%(code)s::text IS NULL OR e.code = %(code)s)
ORDER BY e.last_at DESC, e.pipeline_id, e.key, e.step LIMIT %(limit)s;

-- name: error_counts
-- Errors of a pipeline by step.
SELECT step, count(*) AS errors, count(*) FILTER (WHERE parked) AS parked
FROM pgazure.error WHERE pipeline_id = %(pipeline_id)s GROUP BY step;

-- name: step_halt
-- Remember why a step stands still.
UPDATE pgazure.step SET halted_at = now(), halted_class = %(class)s, halted_code = %(code)s, halted_message = %(message)s
WHERE pipeline_id = %(pipeline_id)s AND name = %(step)s;

-- name: step_resume
-- The step works.
UPDATE pgazure.step SET halted_at = NULL, halted_class = NULL, halted_code = NULL, halted_message = NULL
WHERE pipeline_id = %(pipeline_id)s AND name = %(step)s AND halted_at IS NOT NULL;

-- name: step_states
-- Steps of a pipeline and why one stands still.
SELECT name, operation, result_schema, result_table, halted_at, halted_class::text AS halted_class, halted_code, halted_message
FROM pgazure.step WHERE pipeline_id = %(pipeline_id)s ORDER BY name;

-- name: run_start
-- Begin a run.
INSERT INTO pgazure.run (pipeline_id) VALUES (%(pipeline_id)s) RETURNING run_id;

-- name: run_finish
-- End a run.
UPDATE pgazure.run SET finished_at = now(), rows = %(rows)s, outcome = %(outcome)s WHERE run_id = %(run_id)s;

-- name: run_last
-- The latest run of a pipeline.
SELECT run_id, started_at, finished_at, rows, outcome FROM pgazure.run
WHERE pipeline_id = %(pipeline_id)s ORDER BY run_id DESC LIMIT 1;

-- name: ledger_record
-- One request.
INSERT INTO pgazure.ledger (run_id, pipeline_id, step, service, operation, endpoint, model, items, characters, unit, units,
    price, status_code, error_code, request_id, started_at, duration_ms)
VALUES (%(run_id)s, %(pipeline_id)s, %(step)s, %(service)s, %(operation)s, %(endpoint)s, %(model)s, %(items)s, %(characters)s,
    %(unit)s, %(units)s, %(price)s, %(status_code)s, %(error_code)s, %(request_id)s, %(started_at)s, %(duration_ms)s);

-- name: spent
-- What a pipeline cost since a moment, in USD.
SELECT coalesce(sum(price), 0) AS price FROM pgazure.ledger
WHERE pipeline_id = %(pipeline_id)s AND started_at >= %(since)s;

-- name: spent_in_run
-- What one run has cost, by step.
SELECT step, count(*) AS requests, sum(items) AS items, sum(units) AS units, min(unit) AS unit, sum(price) AS price
FROM pgazure.ledger WHERE run_id = %(run_id)s GROUP BY step ORDER BY step;

-- name: result_counts
-- How many rows of the source have a result, and how many results there are.
SELECT count(*) AS results, count(DISTINCT ({row})) AS rows, max(enriched_at) AS latest FROM {table};

-- name: source_texts
-- What the steps read of every queued row, in no order.
SELECT {key_texts}, {watched_texts} FROM {queue} q JOIN {source} s ON {source_is_queued};

-- name: source_count
-- How many rows the source holds.
SELECT count(*) AS rows FROM {source};
