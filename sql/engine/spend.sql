-- name: spend
-- The ledger summed up; the filters that are NULL match everything.
WITH billed AS (
    SELECT {groups}, unit, sum(requests) AS requests, sum(refused) AS refused, sum(items) AS items,
        sum(units) AS units, sum(price) AS price
    FROM pgazure.spend
    WHERE (%(pipeline)s::text IS NULL OR pipeline = %(pipeline)s)
        AND (%(since)s::date IS NULL OR day >= %(since)s)
    GROUP BY {groups}, unit
)
SELECT {groups}, sum(requests)::bigint AS requests, sum(refused)::bigint AS refused, sum(items)::bigint AS items,
    jsonb_object_agg(unit, units) AS units, sum(price) AS price
FROM billed GROUP BY {groups} ORDER BY {order};
