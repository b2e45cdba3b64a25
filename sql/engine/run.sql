-- name: claim
-- Lease the rows that are due and read what the steps need of them. The attempt is counted here,
-- before anything is sent, so that a row that kills its worker is found out: rows that several workers
-- have not survived are worked on one by one, so that none takes its neighbours along. A run whose
-- pipeline was applied since does not know what is to be done, and claims nothing more. Where row
-- security hides rows from us nothing is claimed, for a hidden row would pass for a deleted one.
WITH waiting AS (
    SELECT {keys}, due_at, attempts FROM {queue} WHERE due_at <= now() AND NOT row_security_active({source_oid})
        AND NOT EXISTS (
            SELECT FROM pgazure.pipeline WHERE name = {pipeline} AND (
                paused_at IS NOT NULL OR updated_at > (SELECT started_at FROM pgazure.run WHERE run_id = %(run_id)s)
            )
        )
    ORDER BY due_at LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), due AS (
    SELECT {keys}, attempts, row_number() OVER (ORDER BY attempts >= %(suspect)s, due_at) AS place FROM waiting
), leased AS (
    UPDATE {queue} q SET lease = %(lease)s, run_id = %(run_id)s, due_at = now() + %(duration)s, attempts = q.attempts + 1
    FROM due WHERE {queue_is_due} AND (due.attempts < %(suspect)s OR due.place = 1)
    RETURNING {q_keys}, q.attempts
)
SELECT {key_texts}, l.attempts, {present} IS NOT NULL AS present, {digest} AS digest,
    (
        SELECT true FROM pgazure.error e
        WHERE e.pipeline_id = (SELECT pipeline_id FROM pgazure.pipeline WHERE name = {pipeline}) AND e.key = {key_json}
        LIMIT 1
    ) AS failed, {watched_texts}
FROM leased l LEFT JOIN {source} s ON {source_is_leased};

-- name: gather_lock
-- Let one session at a time queue rows by key, so that two cannot wait for each other's rows.
SELECT pg_advisory_xact_lock(hashtextextended('pgazure.queue.' || {pipeline}, 0));

-- name: gather
-- Queue the keys that writes to the source have left, so many at a time; tell how many, and whether more are left.
-- A row that somebody holds is due anew. A change of the year 1970 is a wish of enrich_now, which is first in line.
WITH single AS (
    DELETE FROM {changes} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {changes} LIMIT %(limit)s))
    RETURNING {keys}, changed_at
), bundled AS (
    DELETE FROM {bundles} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {bundles} LIMIT %(bundles)s))
    RETURNING {keys}, bundle_size, changed_at
), gathered ({keys}, changed_at) AS (
    SELECT * FROM single UNION ALL SELECT {bundle_keys}, b.changed_at FROM bundled b, {bundle_items}
), queued AS (
    INSERT INTO {queue} ({keys}, due_at, waiting_since)
    SELECT {keys}, CASE WHEN min(changed_at) = 'epoch' THEN 'epoch' ELSE max(changed_at) END,
        coalesce(min(changed_at) FILTER (WHERE changed_at > 'epoch'), now())
    FROM gathered GROUP BY {keys}
    ON CONFLICT ({keys}) DO UPDATE SET due_at = excluded.due_at, lease = NULL, attempts = 0
)
SELECT s.rows + b.rows AS rows, s.rows = %(limit)s OR b.bundles = %(bundles)s AS more
FROM (SELECT count(*) AS rows FROM single) AS s,
    (SELECT coalesce(sum(bundle_size), 0) AS rows, count(*) AS bundles FROM bundled) AS b;

-- name: heartbeat
-- Hold the lease while the services work.
UPDATE {queue} q SET due_at = now() + %(duration)s
FROM (
    SELECT {q_keys} FROM {items} JOIN {queue} q ON {queue_is_item} AND q.lease = %(lease)s FOR UPDATE OF q SKIP LOCKED
) AS l WHERE {queue_is_locked};

-- name: fence
-- The rows that are still ours and unchanged since they were claimed. They stay as they are until the
-- results are written; whoever is changing one of them right now is not waited for.
SELECT {q_key_texts}
FROM {items}
JOIN {queue} q ON {queue_is_item} AND q.lease = %(lease)s
JOIN {source} s ON {source_is_item} AND {digest} = i.digest
FOR SHARE OF q SKIP LOCKED {source_lock};

-- name: still_ours
-- The same without the locks: a row that is in here and was not fenced is only locked by someone for now.
SELECT {q_key_texts}
FROM {items}
JOIN {queue} q ON {queue_is_item} AND q.lease = %(lease)s
JOIN {source} s ON {source_is_item} AND {digest} = i.digest;

-- name: fence_gone
-- The rows that are still ours and still missing from the source.
SELECT {q_key_texts}
FROM {items}
JOIN {queue} q ON {queue_is_item} AND q.lease = %(lease)s
WHERE NOT row_security_active({source_oid}) AND NOT EXISTS (SELECT FROM {source} s WHERE {source_is_item})
FOR UPDATE OF q SKIP LOCKED;

-- name: settle_unchanged
-- The fence, and the end of it: for rows whose last results the same transaction writes.
DELETE FROM {queue} q USING (
    SELECT q.ctid FROM {items}
    JOIN {queue} q ON {queue_is_item} AND q.lease = %(lease)s
    JOIN {source} s ON {source_is_item} AND {digest} = i.digest
    FOR UPDATE OF q SKIP LOCKED {source_lock}
) AS l WHERE q.ctid = l.ctid RETURNING {q_key_texts};

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
-- Whether any row is due that may be claimed.
SELECT (EXISTS (SELECT FROM {queue} WHERE due_at <= now()) OR EXISTS (SELECT FROM {changes}) OR EXISTS (SELECT FROM {bundles}))
    AND NOT EXISTS (SELECT FROM pgazure.pipeline WHERE name = {pipeline} AND paused_at IS NOT NULL) AS due;

-- name: wake
-- A new run does not wait for the pauses of the last one.
UPDATE {queue} q SET due_at = now()
FROM (SELECT {keys} FROM {queue} WHERE lease IS NULL AND due_at > now() FOR UPDATE SKIP LOCKED) AS l WHERE {queue_is_locked};

-- name: next_due
-- Whether this run may claim no more rows, and else how many seconds until the first that nobody holds is due.
WITH asked AS (
    SELECT coalesce(
        paused_at IS NOT NULL OR updated_at > (SELECT started_at FROM pgazure.run WHERE run_id = %(run_id)s), false
    ) AS is_over
    FROM pgazure.pipeline WHERE name = {pipeline}
)
SELECT is_over, CASE WHEN NOT is_over THEN (
    SELECT extract(epoch FROM min(due_at) FILTER (WHERE lease IS NULL) - now())::float8 FROM {pending}
) END AS seconds
FROM asked;

-- name: pending
-- How many rows wait or are worked on.
SELECT count(*) AS rows FROM {pending};

-- name: results_current
-- What stands in a result table for these rows.
SELECT {key_texts}, {columns} FROM {items} JOIN {table} r ON {result_is_item};

-- name: results_hashes
-- Of which inputs it was made.
SELECT {key_texts}, {hashes} FROM {items} JOIN {table} r ON {result_is_item};

-- name: results_equal
-- Results of equal inputs, wherever they stand.
SELECT DISTINCT ON (r.input_hash) r.input_hash, {columns} FROM {table} r WHERE r.input_hash = ANY (%(hashes)b);

-- name: results_clear
-- Remove what stands for these rows, before it is written anew or because nothing is left to write.
DELETE FROM {table} r USING {items} WHERE {result_is_item};

-- name: result_tables
-- Every table with results of a pipeline.
SELECT result_schema AS schema, result_table AS table FROM pgazure.result
WHERE pipeline_id = %(pipeline_id)s
    AND to_regclass(quote_ident(result_schema) || '.' || quote_ident(result_table)) IS NOT NULL;

-- name: results_write
-- The results of a batch. Whoever holds the leases has cleared what stood there, and nobody else may write.
INSERT INTO {table} ({columns}) SELECT {expressions} FROM unnest({arrays}) AS u ({names});

-- name: errors_standing
-- What is parked of these rows in a step, and of which work.
SELECT key, input_hash FROM pgazure.error
WHERE pipeline_id = %(pipeline_id)s AND step = %(step)s AND key = ANY (%(keys)s) AND parked AND input_hash IS NOT NULL;

-- name: error_record
-- Keep an error beside the key of its row. A parked row that fails again was changed or asked for, so it starts anew.
INSERT INTO pgazure.error AS e (pipeline_id, step, key, class, code, message, request_id, attempts, parked, input_hash)
VALUES (%(pipeline_id)s, %(step)s, %(key)s, %(class)s, %(code)s, %(message)s, %(request_id)s, 1, %(parked)s, %(input_hash)s)
ON CONFLICT (pipeline_id, key, step) DO UPDATE SET class = excluded.class, code = excluded.code,
    message = excluded.message, request_id = excluded.request_id, last_at = now(), input_hash = excluded.input_hash,
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

-- name: run_start
-- Begin a run, under the lock of apply: the specification was read before this moment, and changes after it.
INSERT INTO pgazure.run (pipeline_id, started_at) VALUES (%(pipeline_id)s, clock_timestamp()) RETURNING run_id;

-- name: run_finish
-- End a run.
UPDATE pgazure.run SET finished_at = now(), rows = %(rows)s, outcome = %(outcome)s WHERE run_id = %(run_id)s;

-- name: spent_in_run
-- What one run has cost, by step.
SELECT step, count(*) AS requests, sum(items) AS items, sum(units) AS units, min(unit) AS unit, sum(price) AS price
FROM pgazure.ledger WHERE run_id = %(run_id)s GROUP BY step ORDER BY step;

-- name: source_texts
-- What the steps read of every queued row, in no order.
SELECT {key_texts}, {watched_texts} FROM {pending} q JOIN {source} s ON {source_is_queued};

-- name: source_count
-- How many rows the source holds.
SELECT count(*) AS rows FROM {source};
