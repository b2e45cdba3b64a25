-- Errors beside rows, for people and alerts.

CREATE OR REPLACE VIEW pgazure.failed AS
SELECT p.name AS pipeline,
    format('%I.%I', p.source_schema, p.source_table) AS source,
    e.step,
    e.key,
    e.class,
    e.code,
    e.message,
    e.request_id,
    e.attempts,
    e.parked,
    e.first_at,
    e.last_at
FROM pgazure.error e JOIN pgazure.pipeline p USING (pipeline_id);
COMMENT ON VIEW pgazure.failed IS
    'Rows without a result of a step, and why; parked ones are tried again only on retry_failed or when they change';
