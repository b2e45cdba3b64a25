-- name: budget_lock
-- Let one run of a pipeline reserve at a time; a worker that is frozen in the middle of it loses its session.
SELECT set_config('idle_in_transaction_session_timeout', '10s', true),
    pg_advisory_xact_lock(hashtextextended('pgazure.budget.' || %(pipeline_id)s::integer, 0));

-- name: budget_rescue
-- Give back what ended runs have reserved. A run that lives holds its lock.
DELETE FROM pgazure.reservation
WHERE pipeline_id = %(pipeline_id)s AND CASE WHEN run_id = %(run_id)s THEN false
    ELSE pg_try_advisory_xact_lock(hashtextextended('pgazure.run.' || run_id, 0)) END;

-- name: budget_reserve
-- Reserve a price, or say which budget would be crossed: what stands against it is spent or reserved already.
WITH held AS (
    SELECT coalesce(sum(price), 0) AS by_all, coalesce(sum(price) FILTER (WHERE run_id = %(run_id)s), 0) AS by_run
    FROM pgazure.reservation WHERE pipeline_id = %(pipeline_id)s
), used AS (
    SELECT 'run' AS period, price + (SELECT by_run FROM held) AS price FROM pgazure.run WHERE run_id = %(run_id)s
    UNION ALL
    SELECT 'day', coalesce(sum(price), 0) + (SELECT by_all FROM held) FROM pgazure.spending
    WHERE pipeline_id = %(pipeline_id)s AND day = (now() AT TIME ZONE 'UTC')::date
    UNION ALL
    SELECT 'pipeline', coalesce(sum(price), 0) + (SELECT by_all FROM held) FROM pgazure.spending
    WHERE pipeline_id = %(pipeline_id)s
), crossed AS (
    SELECT b.place - 1 AS place, u.price AS used
    FROM used u JOIN unnest(%(periods)s::text[], %(amounts)s::numeric[]) WITH ORDINALITY AS b (period, amount, place)
        USING (period)
    WHERE u.price + %(price)s > b.amount ORDER BY b.amount - u.price LIMIT 1
), reserved AS (
    INSERT INTO pgazure.reservation AS r (run_id, pipeline_id, price)
    SELECT %(run_id)s, %(pipeline_id)s, %(price)s WHERE NOT EXISTS (SELECT FROM crossed)
    ON CONFLICT (run_id) DO UPDATE SET price = r.price + excluded.price
)
SELECT place, used FROM crossed;

-- name: ledger_record
-- Requests, the sums that budgets are compared with, and the end of what was reserved for them.
WITH requests AS (
    SELECT * FROM jsonb_populate_recordset(NULL::pgazure.ledger, %(requests)s)
), recorded AS (
    INSERT INTO pgazure.ledger (run_id, pipeline_id, call_id, step, service, operation, endpoint, model, items, characters, unit,
        units, price, status_code, error_code, request_id, started_at, duration_ms)
    SELECT %(run_id)s, %(pipeline_id)s, r.call_id, r.step, r.service, r.operation, r.endpoint, r.model, r.items, r.characters,
        r.unit, r.units, r.price, r.status_code, r.error_code, r.request_id, r.started_at, r.duration_ms
    FROM requests r
), summed AS (
    INSERT INTO pgazure.spending AS s (pipeline_id, day, price)
    SELECT %(pipeline_id)s, (started_at AT TIME ZONE 'UTC')::date, sum(price) FROM requests
    WHERE price > 0 GROUP BY 2 ORDER BY 2
    ON CONFLICT (pipeline_id, day) DO UPDATE SET price = s.price + excluded.price
), counted AS (
    UPDATE pgazure.run SET price = price + (SELECT sum(price) FROM requests)
    WHERE run_id = %(run_id)s AND EXISTS (SELECT FROM requests WHERE price > 0)
)
UPDATE pgazure.reservation SET price = price - %(released)s WHERE run_id = %(run_id)s AND %(released)s > 0;

-- name: reservation_end
-- A run that has ended holds nothing.
DELETE FROM pgazure.reservation WHERE run_id = %(run_id)s;
