-- Published forms around the language and translation functions.
-- Each is a block as in shapes.sql: what it is, what it gives, the SQL.

-- shape: all columns of a result beside those of a row, the text cut to what the service takes
-- gives: ["positive", "I love the view."], ["negative", "I hate the room."]
SELECT b.sentiment, a.body FROM comments AS a, azure_cognitive.analyze_sentiment(left(body, 5000), 'en') b
WHERE a.id < 3 LIMIT 10;

-- shape: averages over all opinions of a common table expression
-- gives: ["negative", 1, true], ["neutral", 1, false], ["positive", 1, false]
WITH moods AS (
    SELECT b.sentiment, b.positive_score, b.neutral_score, b.negative_score
    FROM comments AS a, azure_cognitive.analyze_sentiment(left(body, 5000), 'en') AS b LIMIT 20
)
SELECT sentiment, count(*) AS comments, avg(negative_score) > 0.4 FROM moods GROUP BY sentiment ORDER BY sentiment;

-- shape: the worst first, by a field of the composite of a common table expression
-- gives: [2, true, "I hate the room."]
WITH s AS (
    SELECT id, body, azure_cognitive.analyze_sentiment(body, 'en') AS res FROM comments
)
SELECT id, (res).negative_score > 0.4 AS is_bad, body FROM s
WHERE (res).sentiment = 'negative' ORDER BY (res).negative_score DESC LIMIT 10;

-- shape: all comments of a group in one text, summarized and judged, the fields inserted
-- gives: [1, true, "mixed", true], [2, true, "neutral", true]
CREATE TEMPORARY TABLE summaries (
    stay_id bigint, summary text, label varchar(20), positive double precision, neutral real, negative numeric(4, 2)
);
WITH collected AS (
    SELECT s.id, STRING_AGG(c.body, ' ' ORDER BY c.id) AS bodies
    FROM stays AS s INNER JOIN comments AS c ON c.stay_id = s.id GROUP BY s.id
), summed_up AS (
    SELECT id,
        array_to_string(azure_cognitive.summarize_abstractive(
            bodies || ' ' || (SELECT description FROM stays WHERE stays.id = collected.id), 'en',
            throw_on_error => false, sentence_count => 2
        ), ' ') AS summary,
        azure_cognitive.analyze_sentiment(bodies, 'en') AS mood
    FROM collected
)
INSERT INTO summaries (stay_id, summary, label, positive, neutral, negative)
SELECT id, summary, (mood).sentiment AS label, (mood).positive_score, (mood).neutral_score AS neutral, (mood).negative_score
FROM summed_up;
SELECT stay_id, length(summary) > 0, label, abs(positive + neutral + negative - 1) < 0.02 FROM summaries ORDER BY stay_id;

-- shape: a result written into a column of text
-- gives: [1, true]
ALTER TABLE comments ADD COLUMN mood text;
UPDATE comments SET mood = azure_cognitive.analyze_sentiment(body, 'en') WHERE mood IS NULL;
SELECT id, mood LIKE '(positive,%,%,%)' FROM comments WHERE id = 1;

-- shape: sentences of the first row, split at full stops
-- gives: [1, "positive"]
SELECT id, (found).sentiment FROM (
    SELECT id, azure_cognitive.analyze_sentiment(ARRAY_REMOVE(STRING_TO_ARRAY(body, '.'), ''), 'en') AS found
    FROM comments ORDER BY id LIMIT 1
) AS sentences;

-- shape: phrases by LATERAL of a subquery that unnests
-- gives: [2, true]
SELECT c.id, bool_or(k.phrase LIKE '%room%')
FROM comments AS c, LATERAL (SELECT unnest(azure_cognitive.extract_key_phrases(c.body, 'en')) AS phrase) AS k
WHERE c.id = 2 GROUP BY c.id;

-- shape: tags in a column with an index, found by what they contain
-- gives: [2]
ALTER TABLE comments ADD COLUMN tags text[];
UPDATE comments SET tags = azure_cognitive.extract_key_phrases(body)
FROM (SELECT id FROM comments WHERE tags IS NULL ORDER BY id LIMIT 100) AS subset WHERE comments.id = subset.id;
CREATE INDEX ON comments USING gin (tags);
SET LOCAL enable_seqscan = off;
SELECT id FROM comments WHERE tags && ARRAY['room', 'nothing'];

-- shape: entities of rows unnested in a subquery, their fields outside of it
-- gives: [3, "Mary", "Person", ""]
SELECT r.id AS comment_id, (e).text AS entity_text, (e).category AS entity_category, (e).subcategory
FROM (SELECT id, unnest(azure_cognitive.recognize_entities(body, 'en-us')) AS e FROM comments) AS r
WHERE (e).category = 'Person' ORDER BY comment_id LIMIT 50;

-- shape: every column of what is recognized beside the text
-- gives: ["Call **** on ********.", 2, "Call Mary on 555-0100."]
SELECT c.redacted_text, cardinality(c.entities), a.body
FROM comments AS a, azure_cognitive.recognize_pii_entities(a.body) c WHERE a.id = 3;

-- shape: an unnested field of a result in a subquery
-- gives: [3, "555-0100", "PhoneNumber"], [3, "Mary", "Person"]
SELECT c.id, (ent).text AS detected_value, (ent).category AS kind
FROM (SELECT id, unnest((azure_cognitive.recognize_pii_entities(body, 'en-us')).entities) AS ent FROM comments) AS c
ORDER BY c.id, detected_value;

-- shape: a result in a variable of type record, its entities looped over into JSON
-- gives: ["Call **** on ********.", ["555-0100", "Mary"]]
CREATE FUNCTION pg_temp.redact(note text, language text DEFAULT 'en') RETURNS TABLE (redacted text, found jsonb)
LANGUAGE plpgsql AS $$
DECLARE
    result record;
    entity record;
    entities jsonb := '[]'::jsonb;
BEGIN
    SELECT * INTO result FROM azure_cognitive.recognize_pii_entities(note, language, domain => 'phi');
    FOR entity IN SELECT e.text, e.category, e.subcategory, e.confidence_score FROM unnest(result.entities) AS e LOOP
        entities := entities || jsonb_build_object('text', entity.text, 'confidence', entity.confidence_score);
    END LOOP;
    RETURN QUERY SELECT result.redacted_text, entities;
END $$;
SELECT redacted, ARRAY(SELECT one ->> 'text' FROM jsonb_array_elements(found) AS one ORDER BY 1)
FROM pg_temp.redact('Call Mary on 555-0100.');

-- shape: entities as JSON, aggregated
-- gives: [3, ["DateTime", "Person", "PhoneNumber"]]
ALTER TABLE comments ADD COLUMN entities jsonb;
UPDATE comments SET entities = to_jsonb(azure_cognitive.recognize_entities(body || ' She leaves at noon.', 'en')) WHERE id = 3;
SELECT id, (SELECT jsonb_agg(e -> 'category' ORDER BY e -> 'category') FROM jsonb_array_elements(entities) AS e)
FROM comments WHERE entities IS NOT NULL;

-- shape: linked entities, all fields
-- gives: ["Paris", "Paris", "en"]
SELECT s.name, (s.matches[1]).text, s.language
FROM unnest(azure_cognitive.linked_entities('The best bread is made in Paris.', 'en-us')) AS s;

-- shape: languages and their translations, each in a row
-- gives: [1, "es", "[es] Garden Cottage"], [1, "fr", "[fr] Garden Cottage"]
SELECT s.id, t.target_language AS target_lang, t.text AS translated_text
FROM stays AS s
CROSS JOIN LATERAL azure_cognitive.translate(s.name, ARRAY['es','fr'], 'en') AS a
CROSS JOIN LATERAL unnest(a.translations) AS t
ORDER BY s.id, t.target_language LIMIT 2;

-- shape: a source language that is NULL
-- gives: ["fr", "[fr] Garden Cottage", true]
SELECT t.target_language, t.text, (a.detected_language).language IS NOT NULL
FROM stays AS s
CROSS JOIN LATERAL azure_cognitive.translate(s.name, ARRAY['fr'], NULL) AS a
CROSS JOIN LATERAL unnest(a.translations) AS t
WHERE s.id = 1;

-- shape: a whole translation, joined to its review
-- gives: ["Garden Cottage", true]
SELECT s.name, azure_cognitive.translate(c.body, 'de', 'en')::text LIKE '%[de] I love the view.%'
FROM stays AS s JOIN comments AS c ON (c.stay_id = s.id) WHERE c.id = 1;

-- shape: sentences of a summary unnested, and put together again
-- gives: [2, "A quiet cottage with a garden. It has a stove."]
SELECT count((sentence).text), string_agg((sentence).text, ' ')
FROM (SELECT unnest(azure_cognitive.summarize_extractive(
    'A quiet cottage with a garden. It has a stove.', 'en', 2)) AS sentence) AS one;

-- shape: one sentence of a text with its line breaks replaced
-- gives: [1, true]
ALTER TABLE stays ADD COLUMN short text;
UPDATE stays AS b SET short = array_to_string(azure_cognitive.summarize_abstractive(
    REPLACE(b.description || E'\nThe beds are soft.\nThe street is calm.', E'\n', ' '), 'en', sentence_count => 1), ' ', '')
WHERE id = 1;
SELECT id, length(short) > 0 FROM stays WHERE short IS NOT NULL;

-- shape: views for those who may not read the texts
-- gives: [2, "negative"], [3, "Call **** on ********."]
CREATE VIEW redacted WITH (security_barrier) AS
    SELECT id, (azure_cognitive.recognize_pii_entities(body, 'en')).redacted_text AS body FROM comments;
CREATE VIEW moods AS
    SELECT id, (azure_cognitive.analyze_sentiment(body, 'en')).sentiment AS mood FROM comments;
GRANT SELECT ON redacted, moods TO pg_monitor;
SET LOCAL ROLE pg_monitor;
SELECT id, mood FROM moods WHERE mood = 'negative' UNION ALL SELECT id, body FROM redacted WHERE id = 3;

-- shape: counts of each mood side by side
-- gives: [1, 1, 0, 33]
SELECT count(*) FILTER (WHERE (s).sentiment = 'positive'), count(*) FILTER (WHERE (s).sentiment = 'negative'),
    count(*) FILTER (WHERE (s).sentiment = 'mixed'),
    round(100.0 * sum(CASE WHEN (s).sentiment = 'positive' THEN 1 ELSE 0 END) / count(*))::integer
FROM (SELECT azure_cognitive.analyze_sentiment(body, 'en') AS s FROM comments) AS judged;
