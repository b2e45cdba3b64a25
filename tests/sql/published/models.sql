-- Published forms around chat models, rankers and models of one's own.
-- Each is a block as in shapes.sql: what it is, what it gives, the SQL.

-- shape: an extracted field of joined rows, the label with a description and no type
-- gives: [1, "positive"], [2, "negative"]
ALTER TABLE comments ADD COLUMN mood text;
WITH extraction AS (
    SELECT c.id AS comment_id, azure_ai.extract(
        'Review: ' || c.body || ' Feature: ' || s.kind,
        ARRAY['sentiment - sentiment about the feature as in positive, negative, or neutral'], model => 'gpt-4.1'
    ) ->> 'sentiment' AS mood
    FROM comments AS c JOIN stays AS s ON s.id = c.stay_id WHERE c.id IN (1,2)
)
UPDATE comments SET mood = e.mood FROM extraction AS e WHERE comments.id = e.comment_id;
SELECT id, mood FROM comments WHERE id < 3 ORDER BY id;

-- shape: a label put together from a table, given as a subquery in an array
-- gives: ["string"]
WITH feature_schema AS (
    SELECT 'feature: string - A feature of a stay. Features: ' || STRING_AGG(s.name, ', ' ORDER BY s.name) || ' or NULL' AS label
    FROM stays AS s
)
SELECT jsonb_typeof((azure_ai.extract('Garden Cottage', ARRAY[(SELECT label FROM feature_schema)], 'gpt-4.1')::JSONB->'feature'));

-- shape: lists extracted as text, split and zipped by unnest of three arrays
-- gives: [true, true]
CREATE TEMP TABLE extracted AS
SELECT id, azure_ai.extract(
    format('Ticket %s: %s', id, body),
    ARRAY['sources: string - comma separated sources, one per relationship', 'kinds: string - comma separated kinds',
        'targets: string - comma separated targets'], 'gpt-4.1') AS data
FROM comments;
WITH raw AS (
    SELECT id, trim(source) AS source, trim(kind) AS kind, trim(target) AS target
    FROM extracted, LATERAL unnest(
        string_to_array(data->>'sources', ','), string_to_array(data->>'kinds', ','), string_to_array(data->>'targets', ',')
    ) AS t (source, kind, target)
)
SELECT count(DISTINCT extracted.id) = 3, bool_and(jsonb_typeof(data) = 'object')
FROM extracted LEFT JOIN raw ON raw.id = extracted.id;

-- shape: an object of a schema whose list becomes a table, the prompt from a subquery
-- gives: [true, "array"]
CREATE TEMP TABLE canonical AS
SELECT jsonb_typeof(one) AS kind
FROM (SELECT azure_ai.generate(
    prompt => format('Group these names: %s', (SELECT string_agg(DISTINCT name, ', ') FROM stays)),
    json_schema => '{
        "name": "groups", "strict": true,
        "schema": {"type": "object", "properties": {"groups": {"type": "array", "items": {"type": "object",
            "properties": {"canonical": {"type": "string"}, "aliases": {"type": "array", "items": {"type": "string"}}},
            "required": ["canonical", "aliases"], "additionalProperties": false}}},
            "required": ["groups"], "additionalProperties": false}
    }',
    model => 'gpt-4.1'
)->'groups') AS answer (one);
SELECT count(*) = 1, min(kind) FROM canonical;

-- shape: an object of a schema as columns
-- gives: ["text", "integer"]
SELECT pg_typeof(r.comment), pg_typeof(r.products)
FROM jsonb_to_record(azure_ai.generate(
    'Rewrite the comment: ' || (SELECT body FROM comments WHERE id = 2), model => 'gpt-4.1', json_schema => '{
        "name": "rewritten", "description": "A kinder comment", "strict": true,
        "schema": {"type": "object", "properties": {"comment": {"type": "string"}, "products": {"type": "integer"}},
            "required": ["comment", "products"], "additionalProperties": false}}'
)) AS r (comment text, products integer);

-- shape: generated texts in an UPDATE with the model second and the system prompt third
-- gives: [3]
ALTER TABLE stays ADD COLUMN advert text;
UPDATE stays SET advert = trim(azure_ai.generate(
    'Write one line for the stay: ' || name, 'gpt-4.1-mini', 'You write advertisements.'));
SELECT count(*) FROM stays WHERE advert <> '';

-- shape: a statement about rows of two tables, the model second, and a limit
-- gives: [1, "4"], [2, "4"]
SELECT c.id, f.number
FROM (VALUES ('4'), ('5')) AS f (number)
JOIN comments AS c ON azure_ai.is_true('2 + 2 = ' || f.number, 'gpt-4.1')
ORDER BY c.id LIMIT 2;

-- shape: a score that depends on what is true
-- gives: ["0.95", "0.70"]
SELECT CASE WHEN azure_ai.is_true('2 + 2 = 4') THEN 0.95 ELSE 0.70 END,
    CASE WHEN azure_ai.is_true('2 + 2 = 5') THEN 0.95 ELSE 0.70 END;

-- shape: rank over a list of values, joined back by USING
-- gives: [1, 2, "The red shoe is on sale."]
WITH offers (id, offer) AS (
    VALUES (1, 'Bananas are yellow.'), (2, 'The red shoe is on sale.'), (3, 'A sock.')
)
SELECT rank, id, offer
FROM azure_ai.rank('red shoe', ARRAY(SELECT offer FROM offers ORDER BY id ASC), ARRAY(SELECT id FROM offers ORDER BY id ASC)) AS rr
LEFT JOIN offers AS r USING (id)
ORDER BY rank ASC LIMIT 1;

-- shape: rank in a select list, all arguments by name
-- gives: [3, "(two,1,"]
SELECT count(*), min(left(ranked::text, 7)) FILTER (WHERE ranked::text LIKE '%,1,%') FROM (
    SELECT azure_ai.rank(
        query => 'red shoe', document_contents => ARRAY['Bananas.', 'The red shoe is on sale.', 'A sock.'],
        document_ids => ARRAY['one', 'two', 'three'], model => 'gpt-4.1') AS ranked
) AS found;

-- shape: nearest by vector, then ranked by a model
-- gives: [2, "Harbour Loft"]
-- sends: 5
ALTER TABLE stays ADD COLUMN embedding vector(256);
UPDATE stays SET embedding = azure_openai.create_embeddings('embedding', description, 256);
WITH potential AS (
    SELECT id AS stay_id, name, description FROM stays
    ORDER BY embedding <=> azure_openai.create_embeddings('embedding', 'a view of ships', 256)::vector ASC LIMIT 50
), reranked AS (
    SELECT id AS row_id, rank FROM azure_ai.rank(
        'a view of ships', ARRAY(SELECT 'Description: ' || description FROM potential),
        ARRAY(SELECT stay_id FROM potential), 'gpt-4.1')
)
SELECT p.stay_id, p.name FROM potential AS p LEFT JOIN reranked AS rr ON rr.row_id = p.stay_id ORDER BY rr.rank ASC LIMIT 1;

-- shape: a price from a model of one's own, its request written as a text, for each row
-- gives: [1, true], [2, true], [3, true]
CREATE FUNCTION pg_temp.price_stay(IN kind varchar(20), IN beds integer, IN price decimal(10, 2)) RETURNS decimal(6, 2) AS $$
    SELECT CAST(jsonb_array_elements(inference.inference) AS decimal(6, 2)) AS expected_price
    FROM azure_ml.inference(('
    {
        "input_data": {
            "columns": ["kind", "beds", "price"],
            "index": [0],
            "data": [["' || kind || '", ' || beds || ', ' || price || ']]
        }
    }')::jsonb, deployment_name=>'default');
$$ LANGUAGE sql;
SELECT s.id, expected_price > 0
FROM stays AS s CROSS JOIN LATERAL pg_temp.price_stay(s.kind, 2, s.price) AS expected_price ORDER BY s.id;

-- shape: a request of numbers as a literal
-- gives: [2]
SELECT jsonb_array_length(azure_ml.invoke(
'{
  "input_data": {"columns": [0,1,2], "index": [0, 1], "data": [[20000,2,-1], [10, 9, 8]]}
}', deployment_name=>'blue'));

-- shape: candidates of a vector search scored by a model of one's own, through two functions
-- gives: ["array", 2]
ALTER TABLE stays ADD COLUMN embedding vector(256);
UPDATE stays SET embedding = azure_openai.create_embeddings('embedding', description, 256);
CREATE FUNCTION pg_temp.build_pairs(query text, n integer) RETURNS jsonb AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object('pairs', jsonb_agg(jsonb_build_array(query, LEFT(text, 800))))
        FROM (
            SELECT id, description AS text FROM stays
            ORDER BY embedding <=> azure_openai.create_embeddings('embedding', query, 256)::vector LIMIT n
        ) AS nearest
    );
END $$ LANGUAGE plpgsql;
CREATE FUNCTION pg_temp.score(query text, n integer) RETURNS jsonb AS $$
DECLARE
    json_pairs jsonb;
    result_json jsonb;
BEGIN
    json_pairs := pg_temp.build_pairs(query, n);
    result_json := azure_ml.invoke(json_pairs, deployment_name=>'bge-v2-m3-1', timeout_ms => 180000);
    RETURN (SELECT result_json AS result);
END $$ LANGUAGE plpgsql;
SELECT jsonb_typeof(found), jsonb_array_length(found) FROM pg_temp.score('a view of ships', 2) AS found;

-- shape: scores numbered by WITH ORDINALITY under one alias, joined to the ranks of a vector search
-- gives: [2, 1]
ALTER TABLE stays ADD COLUMN embedding vector(256);
UPDATE stays SET embedding = azure_openai.create_embeddings('embedding', description, 256);
WITH question AS (
    SELECT query_text, azure_openai.create_embeddings('embedding', query_text, 256)::vector AS embedding
    FROM (SELECT 'a view of the ships' AS query_text) AS one
), vector AS (
    SELECT stays.id, description, RANK() OVER (ORDER BY stays.embedding <=> question.embedding) AS vector_rank, query_text
    FROM stays, question ORDER BY stays.embedding <=> question.embedding LIMIT 60
), json_payload AS (
    SELECT jsonb_build_object('pairs', jsonb_agg(jsonb_build_array(query_text, LEFT(description, 800)) ORDER BY vector_rank))
        AS json_pairs FROM vector
), semantic AS (
    SELECT elem.relevance::DOUBLE precision AS relevance, elem.ordinality
    FROM json_payload, LATERAL jsonb_array_elements(azure_ml.invoke(
        json_pairs, deployment_name => 'bge-v2-m3-1', timeout_ms => 180000
    )) WITH ORDINALITY AS elem(relevance)
)
SELECT vector.id, RANK() OVER (ORDER BY relevance DESC) AS semantic_rank
FROM vector JOIN semantic ON vector.vector_rank = semantic.ordinality ORDER BY semantic.relevance DESC LIMIT 1;

-- shape: a request that is a scalar subquery, its scores set beside an array of texts
-- gives: ["The red shoe is on sale."]
WITH json_pairs AS (
    SELECT jsonb_build_object('pairs', jsonb_agg(jsonb_build_array('red shoe', a.text))) AS data
    FROM unnest(ARRAY['A sock.', 'The red shoe is on sale.']) AS a (text)
), scores AS (
    SELECT jsonb_array_elements(invoke.invoke) AS score
    FROM azure_ml.invoke((SELECT data FROM json_pairs), deployment_name=>'bge', timeout_ms => 120000)
), numbered AS (
    SELECT *, ROW_NUMBER() OVER () AS idx FROM scores
)
SELECT a.text FROM unnest(ARRAY['A sock.', 'The red shoe is on sale.']) WITH ORDINALITY AS a (text, idx2)
JOIN numbered ON numbered.idx = a.idx2 ORDER BY score::text::numeric DESC LIMIT 1;
