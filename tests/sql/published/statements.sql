-- Published forms around transactions, drivers and the places in a schema that may call.
-- Each is a block as in shapes.sql: what it is, what it gives, the SQL.

-- shape: a call in a transaction that only reads
-- gives: ["positive", "on"]
SET TRANSACTION READ ONLY;
SELECT (azure_cognitive.analyze_sentiment('I love the view.', 'en')).sentiment, current_setting('transaction_read_only');

-- shape: dynamic SQL with the columns of a table by name
-- gives: [3]
ALTER TABLE stays ADD COLUMN embedding vector(64);
DO $$
DECLARE
    target regclass := 'stays';
BEGIN
    EXECUTE format(
        'UPDATE %s SET %I = azure_openai.create_embeddings($1, %I, dimensions => $2)::vector WHERE %I IS NULL',
        target, 'embedding', 'description', 'embedding'
    ) USING 'text-embedding-3-small', 64;
END $$;
SELECT count(embedding) FROM stays;

-- shape: a loop over rows that goes on after a row that fails, and counts both
-- gives: [2, 1]
CREATE TEMPORARY TABLE work (id integer, body text, language text, label text, problem text);
INSERT INTO work VALUES (1, 'I love the view.', 'en'), (2, 'I hate the room.', 'xx'), (3, 'It is fine.', 'en');
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM work WHERE label IS NULL ORDER BY id LOOP
        BEGIN
            UPDATE work SET label = (azure_cognitive.analyze_sentiment(r.body, r.language)).sentiment WHERE id = r.id;
        EXCEPTION WHEN OTHERS THEN
            UPDATE work SET problem = SQLSTATE || SQLERRM WHERE id = r.id;
        END;
    END LOOP;
END $$;
SELECT count(label), count(problem) FROM work;

-- shape: a table made of calls, its columns of the types of the results
-- gives: ["real[]", "azure_cognitive.sentiment_analysis_result", "azure_cognitive.linked_entity[]"]
CREATE TABLE kept AS
SELECT id, azure_openai.create_embeddings('embedding', body, 8) AS embedding, azure_cognitive.analyze_sentiment(body, 'en') AS mood,
    azure_cognitive.linked_entities(body, 'en') AS linked FROM comments;
SELECT format_type(e.atttypid, NULL), format_type(m.atttypid, NULL), format_type(l.atttypid, NULL)
FROM pg_attribute AS e, pg_attribute AS m, pg_attribute AS l
WHERE e.attrelid = 'kept'::regclass AND m.attrelid = e.attrelid AND l.attrelid = e.attrelid
    AND (e.attname, m.attname, l.attname) = ('embedding', 'mood', 'linked');

-- shape: distance under a name that the order uses
-- gives: [2]
-- sends: 4
ALTER TABLE stays ADD COLUMN embedding vector(256);
UPDATE stays SET embedding = azure_openai.create_embeddings('embedding', description, 256);
SELECT id FROM (
    SELECT id, embedding <=> azure_openai.create_embeddings('embedding', 'Big windows and a view of the ships.', 256)::vector AS similarity
    FROM stays ORDER BY similarity LIMIT 1
) AS nearest;

-- shape: one untyped parameter and nothing else
-- gives: [true, "positive", "en"]
PREPARE ask AS SELECT azure_ai.generate($1) <> '', (azure_cognitive.analyze_sentiment($1)).sentiment,
    (azure_cognitive.detect_language($1)).iso6391_name;
EXECUTE ask ('I love the view.');

-- shape: parameters of the types that drivers give
-- gives: [8, "[de] a view", 8]
PREPARE ask (varchar, varchar, smallint) AS SELECT cardinality(azure_openai.create_embeddings($1, $2, $3)),
    ((azure_cognitive.translate($2, 'de'::varchar, NULL)).translations)[1].text,
    cardinality(azure_openai.create_embeddings('embedding'::name, 'a view'::char(10), 8));
EXECUTE ask ('embedding', 'a view', 8);

-- shape: arrays of other texts than text
-- gives: [3, 3, 3]
SELECT (SELECT count(*) FROM azure_cognitive.analyze_sentiment(given.kinds, 'en')),
    (SELECT count(*) FROM azure_cognitive.detect_language(given.kinds)),
    (SELECT count(*) FROM azure_ai.rank('a flat'::varchar, given.kinds, given.ids))
FROM (SELECT array_agg(kind ORDER BY id) AS kinds, array_agg(id ORDER BY id) AS ids FROM stays) AS given;

-- shape: an UPDATE of another column than the one that a generated column reads
-- gives: [3]
-- sends: 3
ALTER TABLE stays ADD COLUMN embedding real[] GENERATED ALWAYS AS (
    azure_openai.create_embeddings('embedding', description, 8)) STORED;
UPDATE stays SET price = price + 1;
SELECT count(embedding) FROM stays;

-- shape: a constraint and a default that call
-- gives: [1, 8, "23514"]
CREATE TABLE kind_words (
    body text CHECK ((azure_cognitive.analyze_sentiment(body, 'en')).sentiment <> 'negative'),
    embedding real[] DEFAULT azure_openai.create_embeddings('embedding', 'nothing yet', 8)
);
INSERT INTO kind_words (body) VALUES ('I love the view.');
CREATE FUNCTION pg_temp.refused() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kind_words (body) VALUES ('I hate the room.');
    RETURN 'taken';
EXCEPTION WHEN check_violation THEN
    RETURN SQLSTATE;
END $$;
SELECT count(*), max(cardinality(embedding)), pg_temp.refused() FROM kind_words;

-- shape: rows that a policy shows by what a model says of them
-- gives: [1, "I love the view."]
ALTER TABLE comments ENABLE ROW LEVEL SECURITY;
CREATE POLICY kind ON comments USING ((azure_cognitive.analyze_sentiment(body, 'en')).sentiment = 'positive');
GRANT SELECT ON comments TO pg_monitor;
SET LOCAL ROLE pg_monitor;
SELECT id, body FROM comments;

-- shape: a trigger on a partitioned table
-- gives: [1, "positive"]
CREATE TABLE logged (id integer, body text, mood text) PARTITION BY RANGE (id);
CREATE TABLE logged_first PARTITION OF logged FOR VALUES FROM (0) TO (10);
CREATE FUNCTION pg_temp.judge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.mood := (azure_cognitive.analyze_sentiment(NEW.body)).sentiment;
    RETURN NEW;
END $$;
CREATE TRIGGER judge BEFORE INSERT OR UPDATE ON logged FOR EACH ROW EXECUTE FUNCTION pg_temp.judge();
INSERT INTO logged VALUES (1, 'I love the view.');
SELECT id, mood FROM logged;

-- shape: statistics of an index over calls, which ask again
-- gives: [3]
-- sends: 6
CREATE INDEX ON comments (((azure_cognitive.analyze_sentiment(body, 'en')).sentiment));
ANALYZE comments;
SELECT count(*) FROM comments;

-- shape: chunks split in SQL, each embedded into a table of its own
-- gives: [2, 8]
CREATE TABLE chunks AS
SELECT s.id, c.place, c.chunk, azure_openai.create_embeddings('embedding', c.chunk, 8)::vector(8) AS embedding
FROM stays AS s, LATERAL regexp_split_to_table(s.description || ' It has a stove.', '(?<=\.)\s+')
    WITH ORDINALITY AS c (chunk, place)
WHERE s.id = 1;
SELECT count(*), max(vector_dims(embedding)) FROM chunks;

-- shape: the mean of vectors
-- gives: [8]
SELECT vector_dims(avg(azure_openai.create_embeddings('embedding', body, 8)::vector)) FROM comments;

-- shape: rows of two tables joined by how near their texts are
-- gives: [3]
SELECT count(*) FROM stays AS a JOIN stays AS b
ON azure_openai.create_embeddings('embedding', a.name, 8)::vector <=> azure_openai.create_embeddings('embedding', b.name, 8)::vector
    < 0.000001;

-- shape: all that is known of whether the functions are here
-- gives: [false, true, true, null]
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'azure_ai'), to_regnamespace('azure_ai') IS NOT NULL,
    azure_ai.version() ~ '^\d+\.\d+', current_setting('azure.extensions', true);
