-- Published forms around settings, vectors, indexes over them and search.
-- Each is a block as in shapes.sql: what it is, what it gives, the SQL.

-- shape: settings in a block with variables, read back
-- gives: ["https://rooms.openai.azure.com/", "https://rooms.cognitiveservices.azure.com", null]
DO $$
DECLARE
    openai text := 'https://rooms.openai.azure.com/';
    language text := 'https://rooms.cognitiveservices.azure.com';
BEGIN
    PERFORM azure_ai.set_setting('azure_openai.endpoint', openai);
    PERFORM azure_ai.set_setting(key => 'azure_cognitive.endpoint', value => language);
    PERFORM azure_ai.set_setting('azure_cognitive.region', 'westeurope');
    PERFORM azure_ai.set_setting('azure_cognitive.region', '');
END $$;
SELECT azure_ai.get_setting('azure_openai.endpoint'), azure_ai.get_setting('azure_cognitive.endpoint'),
    azure_ai.get_setting('azure_cognitive.region');

-- shape: managed identity for every service, the route of a reranker, all keys of a list
-- gives: [8, "managed-identity"]
SELECT azure_ai.set_setting(given.key, given.value)
FROM (VALUES
    ('azure_openai.auth_type', 'managed-identity'), ('azure_openai.endpoint', 'https://rooms.openai.azure.com/'),
    ('azure_cognitive.auth_type', 'managed-identity'),
    ('azure_cognitive.translator_resource_id', '/subscriptions/s/resourceGroups/g/providers/p/accounts/a'),
    ('azure_ml.auth_type', 'managed-identity'),
    ('azure_ml.scoring_endpoint', 'https://rooms.eastus.inference.ml.azure.com/score'),
    ('azure_ml.serverless_ranking_endpoint', 'https://rerank-x.eastus.models.ai.azure.com/v1/rerank'),
    ('azure_ml.serverless_ranking_endpoint_key', 'no key')
) AS given (key, value);
SELECT count(*), azure_ai.get_setting('azure_ml.auth_type') FROM azure_ai.settings;

-- shape: a generated vector column, added to rows that are there, without a cast
-- gives: [1, 1536], [2, 1536], [3, 1536]
-- sends: 3
ALTER TABLE stays ADD COLUMN embedding vector(1536) GENERATED ALWAYS AS (
    azure_openai.create_embeddings('text-embedding-ada-002', name || ' ' || description)
) STORED;
SELECT id, vector_dims(embedding) FROM stays ORDER BY id;

-- shape: a generated vector column with all that can be said by name, indexed for two distances
-- gives: [2], [2]
ALTER TABLE stays ADD COLUMN embedding vector(64) GENERATED ALWAYS AS (azure_openai.create_embeddings(
    deployment_name =>'text-embedding-3-large', input => name || description, dimensions =>64, timeout_ms =>60000,
    max_attempts =>2, retry_delay_ms =>500)::vector) STORED;
CREATE INDEX stays_cosine ON stays USING hnsw (embedding vector_cosine_ops) WITH (m = 8, ef_construction = 32);
CREATE INDEX stays_product ON stays USING hnsw (embedding vector_ip_ops);
SET LOCAL hnsw.ef_search = 40;
SET LOCAL hnsw.iterative_scan = strict_order;
SET LOCAL enable_seqscan = off;
(SELECT id FROM stays ORDER BY embedding <#> azure_openai.create_embeddings(
    'text-embedding-3-large', 'Harbour LoftBig windows, a view of the ships.', 64)::vector LIMIT 1)
UNION ALL
(SELECT id FROM stays ORDER BY embedding <=> azure_openai.create_embeddings(
    'text-embedding-3-large', 'Harbour LoftBig windows, a view of the ships.', 64)::vector ASC LIMIT 1);

-- shape: an inverted-file index over vectors that are there, probes set
-- gives: [3]
ALTER TABLE stays ADD COLUMN embedding vector(64);
UPDATE stays SET embedding = azure_openai.create_embeddings('text-embedding-3-small', description, dimensions => 64)::vector
WHERE embedding IS NULL;
CREATE INDEX ON stays USING ivfflat (embedding vector_l2_ops) WITH (lists = 1);
SET LOCAL ivfflat.probes = 1;
SELECT id FROM stays
ORDER BY embedding <-> azure_openai.create_embeddings('text-embedding-3-small', 'A barn for large families.', 64)::vector
LIMIT 1;

-- shape: an index of the kind that the server has
-- gives: ["hnsw"]
ALTER TABLE stays ADD COLUMN embedding vector(64);
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_diskann') THEN
        CREATE EXTENSION IF NOT EXISTS pg_diskann CASCADE;
        CREATE INDEX stays_embedding ON stays USING diskann (embedding vector_cosine_ops);
    ELSE
        CREATE INDEX stays_embedding ON stays USING hnsw (embedding vector_cosine_ops);
    END IF;
END $$;
SELECT amname FROM pg_am JOIN pg_class ON relam = pg_am.oid WHERE relname = 'stays_embedding';

-- shape: half as many bits, by an index over a cast
-- gives: [1]
ALTER TABLE stays ADD COLUMN embedding vector(64);
UPDATE stays SET embedding = azure_openai.create_embeddings('text-embedding-3-small', description, 64);
CREATE INDEX ON stays USING hnsw ((embedding::halfvec(64)) halfvec_cosine_ops);
SET LOCAL enable_seqscan = off;
SELECT id FROM stays
ORDER BY embedding::halfvec(64) <=> azure_openai.create_embeddings(
    'text-embedding-3-small', 'A quiet cottage with a garden.', 64)::vector::halfvec(64)
LIMIT 1;

-- shape: the vector of a question in a common table expression, cross joined
-- gives: ["Harbour Loft"]
-- sends: 4
ALTER TABLE stays ADD COLUMN embedding vector(1536);
UPDATE stays SET embedding = azure_openai.create_embeddings('embedding', description, max_attempts => 5, retry_delay_ms => 500)
WHERE embedding IS NULL;
WITH params AS (
    SELECT
        azure_openai
            .create_embeddings('embedding', 'Big windows and a view of ships.')
            ::vector(1536) AS qvec
)
SELECT s.name FROM stays AS s CROSS JOIN params ORDER BY s.embedding <-> params.qvec LIMIT 1;

-- shape: similarity over a threshold, the question in a scalar subquery
-- gives: ["Harbour Loft"]
-- sends: 4
ALTER TABLE stays ADD COLUMN embedding vector(256);
UPDATE stays SET embedding = azure_openai.create_embeddings('embedding', description, 256);
WITH prompt AS (
    SELECT (SELECT azure_openai.create_embeddings('embedding', 'Big windows and a view of the ships.', 256))::vector AS embedding
)
SELECT name FROM stays
WHERE 1 - (embedding <=> (SELECT embedding FROM prompt)) > 0.5
ORDER BY embedding <=> (SELECT embedding FROM prompt) LIMIT 5;

-- shape: distance as a column of DISTINCT rows, the same call as the order
-- gives: [2, true], [1, false]
-- sends: 4
ALTER TABLE stays ADD COLUMN embedding vector(256);
UPDATE stays SET embedding = azure_openai.create_embeddings('embedding', description, 256);
SELECT id, score < 0.5 FROM (
    SELECT DISTINCT s.id,
        embedding <=> azure_openai.create_embeddings('embedding', 'Big windows and a view of the ships.', 256)::vector AS score
    FROM stays AS s
    WHERE id < 3
    ORDER BY embedding <=> azure_openai.create_embeddings('embedding', 'Big windows and a view of the ships.', 256)::vector
    LIMIT 10
) AS nearest ORDER BY score;

-- shape: an answer given before to a question that is near
-- gives: ["yes"]
CREATE TEMPORARY TABLE answered (user_name text, completion text, question vector(256));
INSERT INTO answered VALUES
    ('ann', 'yes', azure_openai.create_embeddings('embedding', 'Are dogs welcome?', 256)::vector),
    ('bob', 'no', azure_openai.create_embeddings('embedding', 'Are dogs welcome?', 256));
SELECT e.completion FROM answered AS e
WHERE e.user_name = 'ann' AND e.question <=> azure_openai.create_embeddings('embedding', 'Are dogs welcome?', 256)::vector < 0.07
ORDER BY e.question <=> azure_openai.create_embeddings('embedding', 'Are dogs welcome?', 256)::vector
LIMIT 1;

-- shape: a batch of ids in a common table expression, columns of several types put together
-- gives: [2, 1]
ALTER TABLE stays ADD COLUMN embedding vector(64);
WITH due AS (
    SELECT s.id FROM stays AS s WHERE s.embedding IS NULL ORDER BY s.id LIMIT 2
)
UPDATE stays AS s
SET embedding = azure_openai.create_embeddings('text-embedding-3-small', s.kind||' '||s.price||' '||s.description, 64)
FROM due WHERE s.id = due.id;
SELECT count(embedding), count(*) FILTER (WHERE embedding IS NULL) FROM stays;

-- shape: vectors in a table of their own, for the rows that have none yet
-- gives: [3, 0]
CREATE TEMPORARY TABLE stay_embeddings (stay_id bigint NOT NULL, embedding vector(1536));
INSERT INTO stay_embeddings (stay_id, embedding)
SELECT s.id, (azure_openai.create_embeddings('text-embedding-ada-002', s.description))
FROM stays AS s LEFT OUTER JOIN stay_embeddings AS e ON e.stay_id = s.id
WHERE e.stay_id IS NULL;
WITH missing AS (
    INSERT INTO stay_embeddings
    SELECT s.id, (azure_openai.create_embeddings('text-embedding-ada-002', s.description))
    FROM stays AS s LEFT OUTER JOIN stay_embeddings AS e ON e.stay_id = s.id
    WHERE e.stay_id IS NULL RETURNING stay_id
)
SELECT (SELECT count(*) FROM stay_embeddings), count(*) FROM missing;

-- shape: insert or update with a vector, returned as text
-- gives: [1, true, "["]
CREATE TEMPORARY TABLE notes (note_id bigint PRIMARY KEY, body text, embedding vector(64));
INSERT INTO notes VALUES (1, 'old', NULL);
INSERT INTO notes (note_id, body, embedding)
VALUES (1, 'A new text.', azure_openai.create_embeddings('text-embedding-3-small', 'A new text.', dimensions => 64)::vector)
ON CONFLICT (note_id) DO UPDATE SET body = EXCLUDED.body, embedding = EXCLUDED.embedding
RETURNING note_id, body = 'A new text.', left(embedding::text, 1);

-- shape: a trigger for the JSON of a document, which never fails the insert
-- gives: [1, 1536], [2, null]
CREATE TEMPORARY TABLE contracts (id serial PRIMARY KEY, metadata jsonb, embedding vector(1536));
CREATE FUNCTION pg_temp.embed_contract() RETURNS trigger AS $$
BEGIN
  IF NEW.metadata IS NOT NULL THEN
    NEW.embedding := azure_openai.create_embeddings(
        'embeddings', NEW.metadata::text, throw_on_error => FALSE, max_attempts => 1000, retry_delay_ms => 2000);
  END IF;
  RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER embed_contract BEFORE INSERT ON contracts FOR EACH ROW EXECUTE FUNCTION pg_temp.embed_contract();
INSERT INTO contracts (metadata) VALUES ('{"scope": "Cleaning", "tasks": ["wash", "dry"]}'), (NULL);
SELECT id, vector_dims(embedding) FROM contracts ORDER BY id;

-- shape: a trigger that calls only where the text has changed
-- gives: ["negative"]
-- sends: 2
CREATE TEMPORARY TABLE judged (id integer PRIMARY KEY, body text, stars integer, label text);
CREATE FUNCTION pg_temp.judge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT (azure_cognitive.analyze_sentiment(NEW.body, 'en')).sentiment INTO NEW.label;
    RETURN NEW;
END $$;
CREATE TRIGGER judge_new BEFORE INSERT ON judged FOR EACH ROW EXECUTE FUNCTION pg_temp.judge();
CREATE TRIGGER judge_changed BEFORE UPDATE ON judged FOR EACH ROW
    WHEN (OLD.body IS DISTINCT FROM NEW.body) EXECUTE FUNCTION pg_temp.judge();
INSERT INTO judged VALUES (1, 'I love the view.', 5);
UPDATE judged SET stars = 4;
UPDATE judged SET body = 'I hate the room.', stars = 1;
SELECT label FROM judged;

-- shape: a trigger for each statement, one array call for all its rows
-- gives: [1, "positive"], [2, "negative"]
-- sends: 2
CREATE TEMPORARY TABLE opinions (id integer, body text);
CREATE TEMPORARY TABLE opinion_labels (id integer, label text);
CREATE FUNCTION pg_temp.judge_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO opinion_labels
    SELECT batch.ids[found.place], found.sentiment
    FROM (SELECT array_agg(id ORDER BY id) AS ids, array_agg(body ORDER BY id) AS bodies FROM inserted) AS batch,
        azure_cognitive.analyze_sentiment(batch.bodies, 'en') WITH ORDINALITY AS found (sentiment, p, n, m, place);
    RETURN NULL;
END $$;
CREATE TRIGGER judge_all AFTER INSERT ON opinions REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.judge_all();
INSERT INTO opinions VALUES (1, 'I love the view.'), (2, 'I hate the room.');
SELECT * FROM opinion_labels ORDER BY id;

-- shape: a function around the vector with a deployment of the session, NULL where it fails
-- gives: [1536, null]
SET LOCAL app.embedding_deployment = 'text-embedding-3-small';
CREATE FUNCTION pg_temp.embed(input_text text, deployment_name text DEFAULT NULL) RETURNS vector(1536) LANGUAGE plpgsql AS $$
DECLARE
    result vector(1536);
    chosen text;
BEGIN
    chosen := COALESCE(deployment_name, current_setting('app.embedding_deployment', true), 'text-embedding-ada-002');
    BEGIN
        SELECT azure_openai.create_embeddings(chosen, input_text)::vector(1536) INTO result;
        RETURN result;
    EXCEPTION WHEN OTHERS THEN
        RAISE NOTICE 'no vector: %', SQLERRM;
        RETURN NULL;
    END;
END $$;
SELECT vector_dims(pg_temp.embed('a view')), pg_temp.embed('a view', 'gpt-4.1')::text;

-- shape: a search function in SQL, STABLE and with a limit of its own
-- gives: [2, "Harbour Loft"]
ALTER TABLE stays ADD COLUMN embedding vector(256);
UPDATE stays SET embedding = azure_openai.create_embeddings('embedding', description, 256);
CREATE FUNCTION pg_temp.find_stays(question text, most integer DEFAULT 1) RETURNS TABLE (id bigint, name text)
LANGUAGE sql STABLE AS $$
    SELECT s.id, s.name FROM stays AS s WHERE s.embedding IS NOT NULL
    ORDER BY s.embedding <=> azure_openai.create_embeddings('embedding', question, 256)::vector
    LIMIT most
$$;
SELECT * FROM pg_temp.find_stays('Big windows, a view of the ships.');

-- shape: full text and vectors, fused by reciprocal ranks
-- gives: ["Harbour Loft"]
-- sends: 4
ALTER TABLE stays ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('english', name || ' ' || description)) STORED;
CREATE INDEX ON stays USING gin (words);
ALTER TABLE stays ADD COLUMN embedding vector(256);
UPDATE stays SET embedding = azure_openai.create_embeddings('embedding', description, 256);
WITH vector_search AS (
    SELECT id, RANK() OVER (
        ORDER BY embedding <=> azure_openai.create_embeddings('embedding', 'Big windows and a view of the ships.', 256)::vector
    ) AS rank
    FROM stays
    ORDER BY embedding <=> azure_openai.create_embeddings('embedding', 'Big windows and a view of the ships.', 256)::vector
    LIMIT 20
), keyword_search AS (
    SELECT id, RANK() OVER (ORDER BY ts_rank_cd(words, query) DESC) AS rank
    FROM stays, websearch_to_tsquery('english', 'ships or harbour') AS query
    WHERE words @@ query
    ORDER BY ts_rank_cd(words, query) DESC LIMIT 20
)
SELECT s.name
FROM vector_search AS v FULL OUTER JOIN keyword_search AS k ON v.id = k.id
JOIN stays AS s ON s.id = COALESCE(v.id, k.id)
ORDER BY COALESCE(1.0 / (60 + v.rank), 0.0) + COALESCE(1.0 / (60 + k.rank), 0.0) DESC LIMIT 1;

-- shape: the length of a vector in three ways, and its type
-- gives: [8, 8, 8, "real[]"]
SELECT array_length(azure_openai.create_embeddings('text-embedding-3-small', 'a check', dimensions => 8), 1),
    vector_dims(azure_openai.create_embeddings('text-embedding-3-small', 'a check', 8)::vector),
    vector_dims(l2_normalize(azure_openai.create_embeddings('text-embedding-3-small', 'a check', 8)::vector(8))),
    pg_typeof(azure_openai.create_embeddings('text-embedding-3-small', 'a check', 8));

-- shape: ids and vectors of an array call side by side in a select list
-- gives: [1, 8], [2, 8], [3, 8]
-- sends: 3
SELECT id, cardinality(embedding) FROM (
    SELECT unnest(array_agg(id ORDER BY id)) AS id,
        azure_openai.create_embeddings('text-embedding-3-small', array_agg(description ORDER BY id), dimensions => 8) AS embedding
    FROM stays
) AS found;

-- shape: ids and vectors of an array call side by side with ROWS FROM
-- gives: [1, 8], [2, 8], [3, 8]
SELECT found.id, cardinality(found.embedding)
FROM (SELECT array_agg(id ORDER BY id) AS ids, array_agg(description ORDER BY id) AS texts FROM stays) AS batch,
    ROWS FROM (unnest(batch.ids), azure_openai.create_embeddings('text-embedding-3-small', batch.texts, dimensions => 8))
    AS found (id, embedding);

-- shape: a materialized view without data, filled and filled again beside its readers
-- gives: [2, 2]
CREATE MATERIALIZED VIEW moods AS
    SELECT id, azure_cognitive.analyze_sentiment(body, 'en') AS mood FROM comments WITH NO DATA;
CREATE UNIQUE INDEX ON moods (id);
REFRESH MATERIALIZED VIEW moods;
DELETE FROM comments WHERE id = 3;
REFRESH MATERIALIZED VIEW CONCURRENTLY moods;
SELECT count(*), count((mood).sentiment) FROM moods;

-- shape: EXPLAIN ANALYZE of calls
-- gives: [true]
CREATE FUNCTION pg_temp.explained() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE
        'EXPLAIN (ANALYZE, VERBOSE) SELECT azure_openai.create_embeddings(''embedding'', body) AS embedding FROM comments LIMIT 2';
END $$;
SELECT bool_or(line LIKE '%rows=2%') FROM pg_temp.explained() AS line;
