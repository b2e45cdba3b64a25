-- name: past_create
-- What was made of the texts that a row has had: results without the texts themselves, under the row's key.
CREATE TABLE {past} (
    {key_columns},
    {columns},
    call_id uuid,
    model text NOT NULL,
    input_hash bytea NOT NULL,
    enriched_at timestamptz NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ({keys}, input_hash)
);

-- name: past_index_hash
-- A text that comes back is found by its hash.
CREATE INDEX ON {past} (input_hash);

-- name: past_index_age
-- The oldest are forgotten first.
CREATE INDEX ON {past} (replaced_at);

-- name: past_drop
-- A past that does not fit the step any more.
DROP TABLE IF EXISTS {past};

-- name: past_keep
-- Take what stands for these rows away, and keep what will not be written again.
WITH replaced AS (
    DELETE FROM {table} r USING {items} WHERE {result_is_item} RETURNING {columns}
)
INSERT INTO {past} ({names})
SELECT DISTINCT ON ({keys}, input_hash) {names} FROM replaced
WHERE input_hash NOT IN (SELECT unnest(%(written)b::bytea[]))
ON CONFLICT ({keys}, input_hash) DO UPDATE SET replaced_at = now();

-- name: past_keep_parts
-- What is paid for of rows that lack the rest, until it is there. Texts that repeat within a row are kept once.
INSERT INTO {table} ({columns}, enriched_at)
SELECT {expressions}, now() FROM unnest({arrays}) AS u ({names})
ON CONFLICT ({keys}, input_hash) DO NOTHING;

-- name: past_tables
-- Where the past of pipelines lies.
SELECT p.name AS pipeline, r.step, r.result_schema AS schema, r.result_table AS table
FROM pgazure.result r JOIN pgazure.pipeline p USING (pipeline_id)
WHERE r.past AND (%(pipeline)s::text IS NULL OR p.name = %(pipeline)s)
    AND to_regclass(quote_ident(r.result_schema) || '.' || quote_ident(r.result_table)) IS NOT NULL
ORDER BY 1, 2;

-- name: past_state
-- How much of the past of one step is kept.
SELECT count(*) AS results, min(replaced_at) AS oldest, pg_total_relation_size(%(table)s::regclass) AS bytes FROM {past};

-- name: past_forget
-- Forget what was replaced long ago; what somebody works with right now is left for the next time.
DELETE FROM {past} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {past} WHERE replaced_at <= now() - %(age)s FOR UPDATE SKIP LOCKED
));

-- name: phrase_find
-- The vector of a phrase that was searched for before.
UPDATE pgazure.phrase SET used_at = now() WHERE input_hash = %(hash)s RETURNING embedding;

-- name: phrase_keep
-- Keep the vector of a phrase, without the phrase.
INSERT INTO pgazure.phrase (input_hash, embedding) VALUES (%(hash)s, %(embedding)s::real[])
ON CONFLICT (input_hash) DO UPDATE SET used_at = now();

-- name: phrase_lock
-- Let one session at a time have a phrase embedded: whoever comes later finds what came of it.
SELECT pg_advisory_lock(%(key)s);

-- name: phrase_unlock
-- Let the next one look.
SELECT pg_advisory_unlock(%(key)s);

-- name: phrase_state
-- How many phrases are kept.
SELECT count(*) AS results, min(used_at) AS oldest, pg_total_relation_size('pgazure.phrase') AS bytes
FROM pgazure.phrase;

-- name: phrase_forget
-- Forget phrases that nobody has searched for in a long time.
DELETE FROM pgazure.phrase WHERE input_hash = ANY (ARRAY(
    SELECT input_hash FROM pgazure.phrase WHERE used_at <= now() - %(age)s FOR UPDATE SKIP LOCKED
));
