-- name: lineage_tables
-- Every table with results of a pipeline, those of the past and of generations included.
SELECT r.step, r.result_schema AS schema, r.result_table AS table, r.past
FROM pgazure.result r
WHERE r.pipeline_id = %(pipeline_id)s
    AND to_regclass(quote_ident(r.result_schema) || '.' || quote_ident(r.result_table)) IS NOT NULL
ORDER BY r.step, r.past, r.result_table;

-- name: lineage_results
-- What was made of the texts of one row, and by which call.
SELECT encode(r.input_hash, 'hex') AS input_hash, r.call_id, r.model, r.enriched_at
FROM {items} JOIN {table} r ON {result_is_item} ORDER BY r.enriched_at, r.input_hash;

-- name: lineage_calls
-- Where calls went, and when.
SELECT l.call_id, l.service, l.operation, l.endpoint, min(l.started_at) AS sent_at, count(*) AS requests,
    array_remove(array_agg(l.request_id ORDER BY l.ledger_id), NULL) AS request_ids
FROM pgazure.ledger l WHERE l.call_id = ANY (%(calls)s) GROUP BY 1, 2, 3, 4;

-- name: lineage_errors
-- Where texts of one row went that came to nothing: the latest request of each step that has failed.
SELECT e.step, e.code, l.service, l.operation, l.endpoint, coalesce(l.model, '') AS model, l.started_at AS sent_at, e.request_id
FROM pgazure.error e JOIN pgazure.ledger l ON l.request_id = e.request_id AND l.pipeline_id = e.pipeline_id
WHERE e.pipeline_id = %(pipeline_id)s AND e.key = %(key)s AND e.request_id <> '' ORDER BY e.step;
