-- name: search_breadth
-- Let an HNSW index look at as many vectors as are wanted, for this transaction.
SELECT set_config('hnsw.ef_search', %(breadth)s, true);

-- name: search_nearest
-- Chunks nearest to a vector, the best chunk of each row, with the row it belongs to.
SELECT {key_texts}, {watched_texts}, e.chunk_index, e.chunk_text, e.distance
FROM (
    SELECT DISTINCT ON ({keys}) n.* FROM (
        SELECT r.*, r.embedding {operator} %(vector)b::vector::{kind} AS distance FROM {table} r
        ORDER BY r.embedding {operator} %(vector)b::vector::{kind} LIMIT %(candidates)s
    ) AS n ORDER BY {keys}, n.distance
) AS e JOIN {source} s ON {same_key}
ORDER BY e.distance LIMIT %(limit)s;
