-- name: index_state
-- Whether a table has our index, whether that is whole, whether somebody else's serves in its place, and about
-- how many rows the table has.
SELECT bool_or(c.relname = %(index)s) AS present,
    bool_or(i.indisvalid) FILTER (WHERE c.relname = %(index)s) AS valid,
    bool_or(c.relname <> %(index)s AND a.amname <> 'btree') AS other,
    greatest(max(t.reltuples), 0)::bigint AS rows
FROM pg_catalog.pg_class t
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = t.oid
LEFT JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
WHERE t.oid = to_regclass(quote_ident(%(schema)s) || '.' || quote_ident(%(table)s));

-- name: index_rows
-- How many rows a table has, counted no further than needed.
SELECT count(*) AS rows FROM (SELECT FROM {table} LIMIT %(enough)s) AS counted;

-- name: index_lock
-- Let one session make the index of a table; the others go on without.
SELECT pg_try_advisory_lock(hashtextextended('pgazure.index.' || %(schema)s || '.' || %(table)s, 0)) AS ours;

-- name: index_unlock
-- The same, undone.
SELECT pg_advisory_unlock(hashtextextended('pgazure.index.' || %(schema)s || '.' || %(table)s, 0));

-- name: index_patience
-- How long to wait for transactions that were there before.
SELECT set_config('lock_timeout', %(patience)s, false);

-- name: index_create
-- Neither runs nor writers to the source wait for it.
CREATE INDEX CONCURRENTLY {index} ON {table} USING hnsw (embedding {operators});

-- name: index_drop
-- An index that a long back-fill would slow down, or that was not finished.
DROP INDEX IF EXISTS {whole_index};
