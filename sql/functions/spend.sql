-- What requests have cost, for people and dashboards.

CREATE OR REPLACE VIEW pgazure.spend AS
SELECT (l.started_at AT TIME ZONE 'UTC')::date AS day,
    p.name AS pipeline,
    l.step,
    l.service,
    l.operation,
    l.model,
    l.unit,
    count(*) AS requests,
    count(*) FILTER (WHERE l.error_code IS NOT NULL OR l.status_code >= 400) AS refused,
    sum(l.items) AS items,
    sum(l.units) AS units,
    sum(l.price) AS price
FROM pgazure.ledger l LEFT JOIN pgazure.pipeline p USING (pipeline_id)
GROUP BY 1, 2, 3, 4, 5, 6, 7;
COMMENT ON VIEW pgazure.spend IS
    'Requests and what they cost in USD at list price, by UTC day, pipeline, step, service, operation and model; '
    'requests of pipelines that were dropped have no pipeline';
