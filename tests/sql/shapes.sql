-- Ways to call the functions, as people write them. Each is a block: what it is, what it gives, the SQL.
-- "gives" is one JSON array for each row of the last statement; "sends" is how many texts the services received.

-- shape: sentiment, scalar, positional, in a select list
-- gives: ["positive"]
SELECT (azure_cognitive.analyze_sentiment('The staff were wonderful and I love the view.', 'en')).sentiment;

-- shape: sentiment, scalar, text alone
-- gives: ["negative"]
SELECT (azure_cognitive.analyze_sentiment('An awful room, terrible food, I hate it.')).sentiment;

-- shape: sentiment, scalar, all arguments positional
-- gives: ["positive"]
SELECT (azure_cognitive.analyze_sentiment('I love the view.', 'en', true, 60000, true, 3, 10)).sentiment;

-- shape: sentiment, scalar, all arguments named, in another order
-- gives: ["positive"]
SELECT (azure_cognitive.analyze_sentiment(
    retry_delay_ms => 10, max_attempts => 2, throw_on_error => true, timeout_ms => 60000,
    disable_service_logs => true, language => 'en', text => 'I love the view.'
)).sentiment;

-- shape: sentiment, scalar, mixed, the old form of named arguments
-- gives: ["positive"]
SELECT (azure_cognitive.analyze_sentiment('I love the view.', language := 'en', max_attempts := 2)).sentiment;

-- shape: sentiment, scalar, the composite as a whole
-- gives: ["azure_cognitive.sentiment_analysis_result", true]
SELECT pg_typeof(found), (found).positive_score > 0.5
FROM (SELECT azure_cognitive.analyze_sentiment('I love the view.', 'en') AS found) AS one;

-- shape: sentiment, fields of one call side by side call once
-- gives: ["positive", true, true]
-- sends: 1
SELECT (azure_cognitive.analyze_sentiment('I love the view from shape one.', 'en')).sentiment,
    (azure_cognitive.analyze_sentiment('I love the view from shape one.', 'en')).positive_score > 0.5,
    (azure_cognitive.analyze_sentiment('I love the view from shape one.', 'en')).negative_score < 0.5;

-- shape: sentiment, all fields of a call for each row call once for each row
-- gives: [1, "positive"], [2, "negative"], [3, "neutral"], [4, "neutral"], [5, null]
-- sends: 4
SELECT one.id, one.sentiment
FROM (SELECT id, (azure_cognitive.analyze_sentiment(body, 'en')).* FROM reviews) AS one ORDER BY one.id;

-- shape: sentiment, scalar in FROM
-- gives: ["positive"]
SELECT found.sentiment FROM azure_cognitive.analyze_sentiment('I love the view.', 'en') AS found;

-- shape: sentiment, scalar, LATERAL
-- gives: [1, "positive"], [2, "negative"]
SELECT r.id, found.sentiment
FROM reviews AS r CROSS JOIN LATERAL azure_cognitive.analyze_sentiment(r.body, 'en') AS found
WHERE r.id < 3 ORDER BY r.id;

-- shape: sentiment, scalar in WHERE
-- gives: [2]
SELECT id FROM reviews WHERE (azure_cognitive.analyze_sentiment(body, 'en')).sentiment = 'negative';

-- shape: sentiment, scalar in ORDER BY
-- gives: [2], [1]
SELECT id FROM reviews WHERE id < 3 ORDER BY (azure_cognitive.analyze_sentiment(body, 'en')).negative_score DESC;

-- shape: sentiment, scalar in CASE, called only where the branch is taken
-- gives: [1, "positive"], [2, "not asked"]
-- sends: 1
SELECT id, CASE WHEN id = 1 THEN (azure_cognitive.analyze_sentiment(body, 'en')).sentiment ELSE 'not asked' END
FROM reviews WHERE id < 3 ORDER BY id;

-- shape: sentiment, scalar in GROUP BY with an aggregate
-- gives: ["negative", 1], ["neutral", 2], ["positive", 1]
SELECT (azure_cognitive.analyze_sentiment(body, 'en')).sentiment AS label, count(*)
FROM reviews WHERE body IS NOT NULL GROUP BY label ORDER BY label;

-- shape: sentiment, scalar in a common table expression
-- gives: ["positive"]
WITH found AS (SELECT azure_cognitive.analyze_sentiment(body, language) AS result FROM reviews WHERE id = 1)
SELECT (result).sentiment FROM found;

-- shape: sentiment, a NULL text is NULL and nothing is sent
-- gives: [null, true]
-- sends: 0
SELECT (azure_cognitive.analyze_sentiment(NULL)).sentiment, azure_cognitive.analyze_sentiment(NULL, 'en') IS NULL;

-- shape: sentiment, array with one language, in a select list
-- gives: ["positive"], ["negative"]
SELECT (azure_cognitive.analyze_sentiment(ARRAY['I love the view.', 'I hate the room.'], 'en')).sentiment;

-- shape: sentiment, array with one language, all arguments positional, in FROM
-- gives: ["positive"], ["negative"]
SELECT sentiment FROM azure_cognitive.analyze_sentiment(
    ARRAY['I love the view.', 'I hate the room.'], 'en', 10, false, 60000, true, 1, 1000);

-- shape: sentiment, array with one language, named
-- gives: ["positive"], ["negative"]
SELECT sentiment FROM azure_cognitive.analyze_sentiment(
    batch_size => 1, language => 'en', text => ARRAY['I love the view.', 'I hate the room.']);

-- shape: sentiment, array with a language for each
-- gives: ["positive"], ["negative"]
SELECT sentiment FROM azure_cognitive.analyze_sentiment(
    ARRAY['I love the view.', 'I hate the room.'], ARRAY['en', 'en']);

-- shape: sentiment, array with a language for each, named and mixed
-- gives: ["positive"], ["negative"]
SELECT sentiment FROM azure_cognitive.analyze_sentiment(
    ARRAY['I love the view.', 'I hate the room.'], language => ARRAY['en', NULL], batch_size => 2);

-- shape: sentiment, array WITH ORDINALITY joined to its rows
-- gives: [1, "positive"], [2, "negative"], [3, "neutral"]
WITH batch AS (SELECT array_agg(id ORDER BY id) AS ids, array_agg(body ORDER BY id) AS bodies FROM reviews WHERE id < 4)
SELECT batch.ids[found.place], found.sentiment
FROM batch, azure_cognitive.analyze_sentiment(batch.bodies, 'en', 10) WITH ORDINALITY
    AS found (sentiment, positive_score, neutral_score, negative_score, place)
ORDER BY found.place;

-- shape: sentiment, array beside ROW_NUMBER
-- gives: [1, "positive"], [2, "negative"]
WITH found AS (
    SELECT azure_cognitive.analyze_sentiment(ARRAY(SELECT body FROM reviews WHERE id < 3 ORDER BY id), 'en') AS result
)
SELECT row_number() OVER (), (result).sentiment FROM found;

-- shape: sentiment, array with NULLs keeps their places
-- gives: [true], [false], [true]
SELECT found.result IS NULL
FROM (SELECT azure_cognitive.analyze_sentiment(ARRAY[NULL, 'I love the view.', NULL], 'en') AS result) AS found;

-- shape: an empty array gives no row and a NULL array none
-- gives: [0]
-- sends: 0
SELECT (SELECT count(*) FROM azure_cognitive.analyze_sentiment('{}'::text[], 'en'))
    + (SELECT count(*) FROM azure_cognitive.analyze_sentiment(NULL::text[], 'en'))
    + (SELECT count(*) FROM azure_cognitive.detect_language('{}'::text[]))
    + (SELECT count(*) FROM azure_openai.create_embeddings('text-embedding-3-small', '{}'::text[]))
    + (SELECT count(*) FROM azure_ai.rank('red shoe', '{}'::text[]))
    + (SELECT count(*) FROM azure_ai.rank('red shoe', '{}'::text[], '{}'::integer[]));

-- shape: language, scalar, positional
-- gives: ["fr", "French"]
SELECT found.iso6391_name, found.name
FROM azure_cognitive.detect_language('Bonjour, la ville est belle et le vin est bon.') AS found;

-- shape: language, scalar, named, in ORDER BY and CASE
-- gives: [4], [1]
SELECT id FROM reviews WHERE id IN (1, 4)
ORDER BY CASE WHEN (azure_cognitive.detect_language(text => body)).iso6391_name = 'fr' THEN 0 ELSE 1 END;

-- shape: language, array, positional
-- gives: ["en"], ["fr"]
SELECT iso6391_name FROM azure_cognitive.detect_language(ARRAY(SELECT body FROM reviews WHERE id IN (1, 4) ORDER BY id));

-- shape: language, array, mixed
-- gives: ["en"], ["fr"]
SELECT (azure_cognitive.detect_language(
    ARRAY['The view is lovely.', 'Bonjour, la ville est belle.'], 1000, disable_service_logs => true
)).iso6391_name;

-- shape: key phrases, scalar, in a select list
-- gives: [["awful room", "terrible food"]]
SELECT array_agg(phrase ORDER BY phrase)
FROM unnest(azure_cognitive.extract_key_phrases('An awful room, terrible food, I hate it.', 'en')) AS phrase;

-- shape: key phrases, scalar in WHERE with ANY
-- gives: [2]
SELECT id FROM reviews WHERE 'awful room' = ANY (azure_cognitive.extract_key_phrases(body, 'en'));

-- shape: key phrases, array with one language
-- gives: [true], [true]
SELECT cardinality(key_phrases) > 0 FROM azure_cognitive.extract_key_phrases(
    ARRAY(SELECT body FROM reviews WHERE id < 3 ORDER BY id), 'en');

-- shape: key phrases, array with a language for each, a NULL in its place
-- gives: [true], [null], [true]
SELECT cardinality(key_phrases) > 0 FROM azure_cognitive.extract_key_phrases(
    ARRAY['The view is lovely.', NULL, 'An awful room.'], ARRAY['en', 'en', 'en'], 10);

-- shape: entities, scalar, unnested
-- gives: ["555-0100", "PhoneNumber"], ["Mary", "Person"]
SELECT entity.text, entity.category
FROM unnest(azure_cognitive.recognize_entities('Call Mary on 555-0100 before noon.', 'en')) AS entity
WHERE entity.category IN ('Person', 'PhoneNumber') ORDER BY entity.text;

-- shape: entities, an absent subcategory is an empty string
-- gives: ["", false]
SELECT entity.subcategory, entity.subcategory IS NULL
FROM unnest(azure_cognitive.recognize_entities('Call Mary on 555-0100 before noon.', 'en')) AS entity
WHERE entity.text = 'Mary';

-- shape: entities, scalar LATERAL over rows
-- gives: [3, "Mary"]
SELECT r.id, entity.text
FROM reviews AS r, LATERAL unnest(azure_cognitive.recognize_entities(r.body, r.language)) AS entity
WHERE entity.category = 'Person';

-- shape: entities, array with one language
-- gives: [0], [3]
SELECT cardinality(entities) FROM azure_cognitive.recognize_entities(
    ARRAY['The staff were wonderful.', 'Call Mary on 555-0100 before noon.'], 'en', 5);

-- shape: entities, array with a language for each
-- gives: ["Mary"]
SELECT (entities[1]).text FROM azure_cognitive.recognize_entities(
    text => ARRAY['Call Mary on 555-0100 before noon.'], language => ARRAY['en']);

-- shape: linked entities, scalar
-- gives: ["Berlin", "Wikipedia", "Berlin"]
SELECT linked.name, linked.data_source, (linked.matches[1]).text
FROM unnest(azure_cognitive.linked_entities('We stayed in Berlin for a week.', 'en')) AS linked;

-- shape: linked entities, array with one language
-- gives: ["Berlin"], ["Paris"]
SELECT (entities[1]).name FROM azure_cognitive.linked_entities(ARRAY['We saw Berlin.', 'We saw Paris.'], 'en', 5);

-- shape: linked entities, array with a language for each
-- gives: ["Berlin"], ["Paris"]
SELECT (found.entities[1]).name
FROM azure_cognitive.linked_entities(ARRAY['We saw Berlin.', 'We saw Paris.'], ARRAY['en', 'en']) AS found;

-- shape: personal information, scalar, one field
-- gives: ["Call **** on ******** before noon."]
SELECT (azure_cognitive.recognize_pii_entities('Call Mary on 555-0100 before noon.', 'en')).redacted_text;

-- shape: personal information, unnest of a field
-- gives: ["555-0100"], ["Mary"]
-- sends: 1
SELECT entity.text
FROM unnest((azure_cognitive.recognize_pii_entities('Call Mary on 555-0100 at seven.', 'en')).entities) AS entity
ORDER BY entity.text;

-- shape: personal information, none found is NULL
-- gives: [1, true]
SELECT id, (azure_cognitive.recognize_pii_entities(body, 'en')).entities IS NULL FROM reviews WHERE id = 1;

-- shape: personal information, domain and logs
-- gives: [true]
SELECT (azure_cognitive.recognize_pii_entities('Call Mary on 555-0100.', 'en', 'phi', false)).redacted_text LIKE 'Call %';

-- shape: personal information, array with one language
-- gives: ["Call **** on ********."], ["A lovely view."]
SELECT redacted_text FROM azure_cognitive.recognize_pii_entities(
    ARRAY['Call Mary on 555-0100.', 'A lovely view.'], 'en', 'none', 5);

-- shape: personal information, array with a language for each
-- gives: [true], [false]
SELECT entities IS NOT NULL FROM azure_cognitive.recognize_pii_entities(
    ARRAY['Call Mary on 555-0100.', 'A lovely view.'], ARRAY['en', 'en'], domain => 'none');

-- shape: extractive summary, scalar, unnested
-- gives: [2]
SELECT count(*) FROM unnest(azure_cognitive.summarize_extractive(
    'The hotel is old. The rooms are large. Breakfast is good. The lift is slow.', 'en', 2)) AS sentence
WHERE sentence.rank_score > 0;

-- shape: extractive summary, sorted by rank
-- gives: [true]
SELECT (found[1]).rank_score >= (found[2]).rank_score
FROM (SELECT azure_cognitive.summarize_extractive(
    'The hotel is old. The rooms are large. Breakfast is good.', sentence_count => 2, sort_by => 'rank') AS found) AS one;

-- shape: extractive summary, array with one language
-- gives: [1], [1]
SELECT cardinality(sentences) FROM azure_cognitive.summarize_extractive(
    ARRAY['The hotel is old. The rooms are large.', 'Breakfast is good. The lift is slow.'], 'en', 1);

-- shape: extractive summary, array with a language for each
-- gives: [1], [1]
SELECT cardinality(sentences) FROM azure_cognitive.summarize_extractive(
    ARRAY['The hotel is old. The rooms are large.', 'Breakfast is good. The lift is slow.'], ARRAY['en', 'en'], 1,
    'offset', 25);

-- shape: abstractive summary, scalar, joined to a string
-- gives: [true]
SELECT length(array_to_string(azure_cognitive.summarize_abstractive(
    'The hotel is old. The rooms are large.', 'en'), ' ')) > 0;

-- shape: abstractive summary, array with one language
-- gives: [true], [true]
SELECT cardinality(summaries) > 0 FROM azure_cognitive.summarize_abstractive(
    ARRAY['The hotel is old. The rooms are large. The view is fine.', 'Breakfast is good. The lift is slow. The bar is loud.'], 'en', 2, 25);

-- shape: abstractive summary, array with a language for each
-- gives: [true]
SELECT cardinality(summaries) > 0 FROM azure_cognitive.summarize_abstractive(
    text => ARRAY['Breakfast is good. The lift is slow. The bar is loud.'], language => ARRAY['en'], sentence_count => 1);

-- shape: translation, scalar into one language
-- gives: ["de", "[de] Good morning", "en"]
SELECT (found.translations[1]).target_language, (found.translations[1]).text, (found.detected_language).language
FROM azure_cognitive.translate('Good morning', 'de') AS found;

-- shape: translation, an absent transliteration and a given source language are NULL
-- gives: [true, true, true]
SELECT (found.translations[1]).transliteration IS NULL, found.detected_language IS NULL, found.source_text IS NULL
FROM azure_cognitive.translate('Good morning', 'de', 'en') AS found;

-- shape: translation, scalar into several languages, unnested
-- gives: ["de", "[de] Good morning"], ["fr", "[fr] Good morning"]
SELECT one.target_language, one.text
FROM unnest((azure_cognitive.translate('Good morning', ARRAY['de', 'fr'])).translations) AS one;

-- shape: translation, a script for each of several languages
-- gives: ["Latn"], [null]
SELECT (one.transliteration).script
FROM unnest((azure_cognitive.translate(
    text => 'Good morning', target_language => ARRAY['ja', 'de'], target_script => ARRAY['Latn', NULL])).translations) AS one;

-- shape: translation, many texts into one language
-- gives: ["[de] Good morning"], [null], ["[de] Good night"]
SELECT (translations[1]).text FROM azure_cognitive.translate(
    ARRAY['Good morning', NULL, 'Good night'], 'de', text_type => 'Plain', batch_size => 10);

-- shape: translation, many texts into several languages
-- gives: [["[de] Good morning", "[es] Good morning"]], [["[de] Good night", "[es] Good night"]]
SELECT ARRAY(SELECT one.text FROM unnest(translations) AS one)
FROM azure_cognitive.translate(ARRAY['Good morning', 'Good night'], ARRAY['de', 'es'], 'en');

-- shape: translation, all arguments positional
-- gives: ["[de] Good morning"]
SELECT (translations[1]).text FROM azure_cognitive.translate(
    'Good morning', 'de', 'en', 'Plain', 'NoAction', 'Asterisk', NULL, NULL, NULL, 60000, true, 2, 10);

-- shape: vector, scalar, positional
-- gives: ["real[]", 1536]
SELECT pg_typeof(one), cardinality(one)
FROM (SELECT azure_openai.create_embeddings('text-embedding-3-small', 'a lovely view') AS one) AS found;

-- shape: vector, scalar, dimensions third, all arguments positional
-- gives: [8]
SELECT cardinality(azure_openai.create_embeddings('text-embedding-3-small', 'a view', 8, 3600000, false, 10, 1200));

-- shape: vector, scalar, named
-- gives: [8]
SELECT cardinality(azure_openai.create_embeddings(
    deployment_name => 'text-embedding-3-small', input => 'a view', dimensions => 8));

-- shape: vectors of an array equal those of its texts
-- gives: [1, true], [2, true]
SELECT found.place, found.embedding = azure_openai.create_embeddings(
    'text-embedding-3-small', (ARRAY['a view', 'a room'])[found.place], 8)
FROM azure_openai.create_embeddings('text-embedding-3-small', ARRAY['a view', 'a room'], dimensions => 8)
    WITH ORDINALITY AS found (embedding, place);

-- shape: vectors of an array, positional, NULL in its place
-- gives: [1536], [null]
SELECT cardinality(azure_openai.create_embeddings('text-embedding-3-small', ARRAY['a view', NULL], 100));

-- shape: generate, positional with a model
-- gives: [true]
SELECT length(azure_ai.generate('Say hello.', 'gpt-4.1')) > 0;

-- shape: generate, prompt put together from a row, and a system prompt
-- gives: [1, true]
SELECT id, azure_ai.generate('Summarize: ' || body, system_prompt => 'You are brief.') IS NOT NULL
FROM reviews WHERE id = 1;

-- shape: generate, object of a schema given as a literal, a field of it
-- gives: ["string"]
SELECT jsonb_typeof(azure_ai.generate('Say hello.', json_schema => '{
    "name": "greeting", "strict": true,
    "schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"],
        "additionalProperties": false}}')->'text');

-- shape: generate, schema second
-- gives: ["object"]
SELECT jsonb_typeof(azure_ai.generate('Say hello.', '{"name": "greeting", "strict": true,
    "schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"],
        "additionalProperties": false}}'::jsonb, 'gpt-4.1'));

-- shape: is_true in WHERE
-- gives: ["2 + 2 = 4"]
SELECT statement FROM (VALUES ('2 + 2 = 4'), ('2 + 2 = 5')) AS one (statement) WHERE azure_ai.is_true(statement);

-- shape: is_true in JOIN ON
-- gives: ["2 + 2 =", "4"]
SELECT a.left_side, b.right_side
FROM (VALUES ('2 + 2 =')) AS a (left_side)
JOIN (VALUES ('4'), ('5')) AS b (right_side) ON azure_ai.is_true(a.left_side || ' ' || b.right_side);

-- shape: extract, typed values
-- gives: [{"stars": 5, "product": "Lamp"}]
SELECT azure_ai.extract('Lamp, 5 stars', ARRAY['product', 'stars: number - how many']);

-- shape: extract, jsonb_to_record in FROM
-- gives: ["Lamp", 5]
SELECT found.product, found.stars
FROM jsonb_to_record(azure_ai.extract('Lamp, 5 stars', ARRAY['product', 'stars: number - how many'], 'gpt-4.1'))
    AS found (product text, stars integer);

-- shape: rank without ids
-- gives: [2, 1]
SELECT id, rank FROM azure_ai.rank('red shoe', ARRAY['Bananas are yellow.', 'The red shoe is on sale.']) LIMIT 1;

-- shape: rank with the model third
-- gives: [2]
SELECT id FROM azure_ai.rank('red shoe', ARRAY['Bananas are yellow.', 'The red shoe is on sale.'], 'gpt-4.1') LIMIT 1;

-- shape: rank with integer ids third
-- gives: [20]
SELECT id + 0 FROM azure_ai.rank('red shoe', ARRAY['Bananas.', 'The red shoe is on sale.'], ARRAY[10, 20]) LIMIT 1;

-- shape: rank with text ids and a model
-- gives: ["shoe"]
SELECT id FROM azure_ai.rank(
    'red shoe', ARRAY['Bananas.', 'The red shoe is on sale.'], ARRAY['fruit', 'shoe'], 'gpt-4.1') WHERE rank = 1;

-- shape: rank with uuid ids, joined to their rows
-- gives: ["The red shoe is on sale.", 1]
SELECT d.body, ranked.rank
FROM (SELECT array_agg(body ORDER BY name) AS bodies, array_agg(key ORDER BY name) AS keys FROM documents) AS given,
    azure_ai.rank(query => 'red shoe', document_contents => given.bodies, document_ids => given.keys) AS ranked (key, rank, score)
    JOIN documents AS d USING (key)
ORDER BY ranked.rank LIMIT 1;

-- shape: rank, scores fall
-- gives: [true]
SELECT bool_and(coalesce(one.before >= one.score, true))
FROM (SELECT score, lag(score) OVER (ORDER BY rank) AS before
    FROM azure_ai.rank('red shoe', ARRAY['Bananas.', 'A red shoe', 'A blue shoe'])) AS one;

-- shape: model of one's own, the answer as a column of FROM
-- gives: ["array"]
SELECT jsonb_typeof(invoke.invoke)
FROM azure_ml.invoke('{"pairs": [["red shoe", "a red shoe"], ["red shoe", "a banana"]]}') AS invoke;

-- shape: model of one's own, deployment second, elements unnested
-- gives: [1], [2]
SELECT one.place
FROM jsonb_array_elements(azure_ml.invoke(
    jsonb_build_object('pairs', ARRAY[ARRAY['red shoe', 'a red shoe'], ARRAY['red shoe', 'a banana']]), 'default')
) WITH ORDINALITY AS one (value, place) ORDER BY one.value::text::numeric DESC;

-- shape: model of one's own, the older name, named arguments
-- gives: ["array"]
SELECT jsonb_typeof(azure_ml.inference(
    input_data => '{"pairs": [["red shoe", "a red shoe"]]}', timeout_ms => 60000, max_attempts => 1));

-- shape: a NULL goes in and a NULL comes out of every scalar function
-- gives: [true, true, true, true, true, true, true, true, true, true, true]
-- sends: 0
SELECT azure_cognitive.detect_language(NULL::text) IS NULL, azure_cognitive.extract_key_phrases(NULL::text) IS NULL,
    azure_cognitive.recognize_entities(NULL::text) IS NULL, azure_cognitive.linked_entities(NULL::text) IS NULL,
    azure_cognitive.recognize_pii_entities(NULL::text) IS NULL, azure_cognitive.translate(NULL::text, 'de'::text) IS NULL,
    azure_cognitive.summarize_extractive(NULL::text) IS NULL,
    azure_openai.create_embeddings('text-embedding-3-small', NULL::text) IS NULL,
    azure_ai.generate(NULL) IS NULL, azure_ai.extract(NULL, ARRAY['a']) IS NULL, azure_ml.invoke(NULL) IS NULL;

-- shape: a view over the functions
-- gives: [1, "positive"], [2, "negative"]
CREATE TEMPORARY VIEW judged AS
    SELECT id, (azure_cognitive.analyze_sentiment(body, language)).sentiment AS label FROM reviews;
SELECT id, label FROM judged WHERE id < 3 ORDER BY id;

-- shape: an SQL function around one
-- gives: ["positive"]
CREATE FUNCTION pg_temp.judge(body text) RETURNS text LANGUAGE sql
    AS $$ SELECT (azure_cognitive.analyze_sentiment(body, 'en')).sentiment $$;
SELECT pg_temp.judge('I love the view.');

-- shape: a PL/pgSQL function around one, into a variable of the composite type
-- gives: ["positive with more than half"]
CREATE FUNCTION pg_temp.judge(body text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found azure_cognitive.sentiment_analysis_result;
BEGIN
    found := azure_cognitive.analyze_sentiment(body, 'en');
    RETURN format('%s with %s than half', found.sentiment,
        CASE WHEN found.positive_score > 0.5 THEN 'more' ELSE 'less' END);
END
$$;
SELECT pg_temp.judge('I love the view.');

-- shape: a PL/pgSQL loop over a set
-- gives: [["de", "fr"]]
CREATE FUNCTION pg_temp.collect() RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    found record;
    languages text[] := '{}';
BEGIN
    FOR found IN SELECT * FROM azure_cognitive.translate(ARRAY['one', 'two'], ARRAY['de', 'fr']) LOOP
        languages := ARRAY(SELECT one.target_language FROM unnest(found.translations) AS one);
    END LOOP;
    RETURN languages;
END
$$;
SELECT pg_temp.collect();

-- shape: a DO block that writes
-- gives: ["positive"]
CREATE TEMPORARY TABLE noted (label text);
DO $$
BEGIN
    INSERT INTO noted SELECT (azure_cognitive.analyze_sentiment('I love the view.', 'en')).sentiment;
END
$$;
TABLE noted;

-- shape: an error caught in PL/pgSQL
-- gives: ["caught"]
CREATE FUNCTION pg_temp.judge(body text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (azure_cognitive.analyze_sentiment(body, 'xx')).sentiment;
EXCEPTION WHEN OTHERS THEN
    RETURN CASE WHEN SQLERRM LIKE 'azure_cognitive.analyze_sentiment: %' THEN 'caught' ELSE SQLERRM END;
END
$$;
SELECT pg_temp.judge('I love the view.');

-- shape: throw_on_error => false gives NULL in the place of a text that is refused
-- gives: [false], [true], [false]
SELECT found IS NULL
FROM (SELECT azure_cognitive.analyze_sentiment(
    ARRAY['I love the view.', 'no such language', 'I hate it.'], ARRAY['en', 'xx', 'en'], throw_on_error => false) AS found
) AS one;

-- shape: throw_on_error => false, scalar
-- gives: [null]
SELECT azure_cognitive.analyze_sentiment('I love the view.', 'xx', throw_on_error => false);

-- shape: a trigger before insert that fills a column
-- gives: [1, "positive"]
CREATE TEMPORARY TABLE comments (id integer, body text, label text);
CREATE FUNCTION pg_temp.judge_comment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.body IS NOT NULL THEN
        NEW.label := (azure_cognitive.analyze_sentiment(NEW.body, 'en')).sentiment;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER judge BEFORE INSERT OR UPDATE OF body ON comments
    FOR EACH ROW EXECUTE FUNCTION pg_temp.judge_comment();
INSERT INTO comments (id, body) VALUES (1, 'I love the view.');
SELECT id, label FROM comments;

-- shape: a prepared statement with untyped parameters
-- gives: ["positive"]
PREPARE judge AS SELECT (azure_cognitive.analyze_sentiment($1, $2)).sentiment;
EXECUTE judge ('I love the view.', 'en');

-- shape: a prepared statement for a vector with untyped parameters
-- gives: [8]
PREPARE embed AS SELECT cardinality(azure_openai.create_embeddings($1, $2, $3));
EXECUTE embed ('text-embedding-3-small', 'a view', 8);

-- shape: a column of a composite type, filled by UPDATE
-- gives: [1, "positive"], [2, "negative"]
ALTER TABLE reviews ADD COLUMN result azure_cognitive.sentiment_analysis_result;
UPDATE reviews SET result = azure_cognitive.analyze_sentiment(body, 'en') WHERE id < 3;
SELECT id, (result).sentiment FROM reviews WHERE id < 3 ORDER BY id;

-- shape: a column of an array of a composite type
-- gives: ["Mary"]
ALTER TABLE reviews ADD COLUMN entities azure_cognitive.entity[];
UPDATE reviews SET entities = azure_cognitive.recognize_entities(body, 'en') WHERE id = 3;
SELECT entity.text FROM reviews, unnest(entities) AS entity WHERE entity.category = 'Person';

-- shape: UPDATE FROM an array call, joined by place
-- gives: [1, "positive"], [2, "negative"], [3, "neutral"]
-- sends: 3
ALTER TABLE reviews ADD COLUMN label text;
WITH batch AS (
    SELECT array_agg(id ORDER BY id) AS ids, array_agg(body ORDER BY id) AS bodies FROM reviews WHERE id < 4
), found AS (
    SELECT one.sentiment, one.place
    FROM batch, azure_cognitive.analyze_sentiment(batch.bodies, 'en') WITH ORDINALITY
        AS one (sentiment, positive_score, neutral_score, negative_score, place)
)
UPDATE reviews SET label = found.sentiment FROM found, batch WHERE reviews.id = batch.ids[found.place];
SELECT id, label FROM reviews WHERE id < 4 ORDER BY id;

-- shape: INSERT from SELECT
-- gives: [4]
CREATE TEMPORARY TABLE judged AS
    SELECT id, azure_cognitive.analyze_sentiment(body, 'en') AS result FROM reviews WHERE body IS NOT NULL;
INSERT INTO judged SELECT id, azure_cognitive.analyze_sentiment(body, 'en') FROM reviews WHERE body IS NULL;
SELECT count(*) FROM judged WHERE (result).sentiment IS NOT NULL;

-- shape: a generated column of a vector
-- gives: [1, 8], [2, null]
CREATE TEMPORARY TABLE items (
    id integer, body text,
    embedding real[] GENERATED ALWAYS AS (azure_openai.create_embeddings('text-embedding-3-small', body, 8)) STORED
);
INSERT INTO items (id, body) VALUES (1, 'a view'), (2, NULL);
SELECT id, cardinality(embedding) FROM items ORDER BY id;

-- shape: a generated column of a field
-- gives: ["negative"]
CREATE TEMPORARY TABLE items (
    body text,
    label text GENERATED ALWAYS AS ((azure_cognitive.analyze_sentiment(body, 'en')).sentiment) STORED
);
INSERT INTO items (body) VALUES ('I love the view.');
UPDATE items SET body = 'I hate the room.';
SELECT label FROM items;

-- shape: an index over what a function gives
-- gives: [2]
CREATE INDEX ON reviews (((azure_cognitive.analyze_sentiment(body, 'en')).sentiment));
SET LOCAL enable_seqscan = off;
SELECT id FROM reviews WHERE (azure_cognitive.analyze_sentiment(body, 'en')).sentiment = 'negative';

-- shape: a cursor
-- gives: ["positive"]
DECLARE judged CURSOR FOR SELECT (azure_cognitive.analyze_sentiment(body, 'en')).sentiment FROM reviews ORDER BY id;
FETCH 1 FROM judged;

-- shape: a materialized view
-- gives: [1]
CREATE MATERIALIZED VIEW judged AS
    SELECT id, (azure_cognitive.analyze_sentiment(body, 'en')).sentiment AS label FROM reviews;
SELECT count(*) FROM judged WHERE label = 'positive';

-- shape: MERGE
-- gives: [1, "positive"]
ALTER TABLE reviews ADD COLUMN label text;
MERGE INTO reviews AS r
USING (SELECT id, (azure_cognitive.analyze_sentiment(body, 'en')).sentiment FROM reviews WHERE id = 1) AS found
ON r.id = found.id
WHEN MATCHED THEN UPDATE SET label = found.sentiment;
SELECT id, label FROM reviews WHERE label IS NOT NULL;

-- shape: the text form of a composite
-- gives: [true]
SELECT azure_cognitive.detect_language('Bonjour, la ville est belle et le vin est bon.')::text LIKE '(French,fr,%)';

-- shape: as JSON
-- gives: ["positive"]
SELECT to_jsonb(azure_cognitive.analyze_sentiment('I love the view.', 'en')) ->> 'sentiment';

-- shape: the best of two queries put together
-- gives: ["positive"], ["negative"]
SELECT (azure_cognitive.analyze_sentiment('I love the view.', 'en')).sentiment
UNION ALL
SELECT (azure_cognitive.analyze_sentiment('I hate the room.', 'en')).sentiment;

-- shape: EXISTS
-- gives: [3]
SELECT id FROM reviews AS r
WHERE EXISTS (SELECT FROM unnest(azure_cognitive.recognize_entities(r.body, 'en')) AS e WHERE e.category = 'PhoneNumber');

-- shape: a window over scores
-- gives: [2, 1], [1, 2]
SELECT id, rank() OVER (ORDER BY (azure_cognitive.analyze_sentiment(body, 'en')).negative_score DESC)
FROM reviews WHERE id < 3 ORDER BY 2;

-- shape: a cheap condition is checked before a text is sent
-- gives: [4]
-- sends: 1
SELECT id FROM reviews WHERE (azure_cognitive.analyze_sentiment(body, 'en')).sentiment = 'neutral' AND language = 'fr';

-- shape: LIMIT cuts before texts are sent
-- gives: [1, "positive"]
-- sends: 1
SELECT id, (azure_cognitive.analyze_sentiment(body, 'en')).sentiment
FROM reviews WHERE id < 4 ORDER BY language, body DESC LIMIT 1;

-- shape: a chat model is asked anew for each row
-- gives: [3]
-- sends: 3
SELECT count(azure_ai.generate('Name a colour.')) FROM generate_series(1, 3);

-- shape: equal texts of one statement
-- gives: [3]
SELECT count((azure_cognitive.analyze_sentiment('the very same text', 'en')).sentiment) FROM generate_series(1, 3);

-- shape: sentences of a text split in SQL, empty ones removed
-- gives: [1, "positive"], [2, "negative"]
SELECT found.place, found.sentiment
FROM azure_cognitive.analyze_sentiment(
    array_remove(regexp_split_to_array('I love the view. I hate the room.', '\.\s*'), ''), 'en', batch_size => 10
) WITH ORDINALITY AS found (sentiment, positive_score, neutral_score, negative_score, place);

-- shape: a loop that tries again after an error and gives up in the end
-- gives: ["positive", 1], [null, 3]
CREATE FUNCTION pg_temp.judge_patiently(body text, language text, OUT label text, OUT attempts integer)
LANGUAGE plpgsql AS $$
BEGIN
    attempts := 0;
    WHILE attempts < 3 LOOP
        attempts := attempts + 1;
        BEGIN
            label := (azure_cognitive.analyze_sentiment(body, language)).sentiment;
            EXIT;
        EXCEPTION WHEN OTHERS THEN
            PERFORM pg_sleep(0.001 * attempts);
        END;
    END LOOP;
END
$$;
SELECT found.* FROM (VALUES ('I love the view.', 'en'), ('I love the view.', 'xx')) AS given (body, language),
    pg_temp.judge_patiently(given.body, given.language) AS found;

-- shape: a batch chosen by LIMIT, written by a join on its rows
-- gives: [1, "[de] Good morning"], [2, "[de] Good night"]
CREATE TEMPORARY TABLE greetings (id integer, body text, german text);
INSERT INTO greetings VALUES (1, 'Good morning'), (2, 'Good night');
WITH batch AS (
    SELECT id, body FROM greetings WHERE german IS NULL ORDER BY id LIMIT 10
), translated AS (
    SELECT id, azure_cognitive.translate(body, 'de', source_language => 'en') AS result FROM batch
)
UPDATE greetings SET german = (translated.result).translations[1].text
FROM translated WHERE translated.id = greetings.id;
SELECT id, german FROM greetings ORDER BY id;

-- shape: statements and text put together with || in a prompt
-- gives: [1, true]
SELECT id, azure_ai.is_true('The following says 2 + 2 = 4: ' || '2 + 2 = 4') FROM reviews WHERE id = 1;

-- shape: a regional form of a language
-- gives: ["positive", "text[]", "azure_cognitive.entity[]"]
SELECT (azure_cognitive.analyze_sentiment('I love the view.', 'en-us')).sentiment,
    pg_typeof(azure_cognitive.extract_key_phrases('I love the view.', 'en-us')),
    pg_typeof(azure_cognitive.recognize_entities('I love the view.', 'en-us'));

-- shape: all texts in one call, numbered as they come, into columns of other types
-- gives: ["positive", true, "numeric"], ["negative", false, "numeric"], ["neutral", false, "numeric"]
ALTER TABLE reviews ADD COLUMN label varchar(10), ADD COLUMN positive numeric;
WITH found AS (
    SELECT azure_cognitive.analyze_sentiment(ARRAY(SELECT body FROM reviews WHERE id < 4 ORDER BY id), 'en', batch_size => 2)
        AS result
), numbered AS (
    SELECT row_number() OVER () AS id, result FROM found
)
UPDATE reviews AS r SET label = (numbered.result).sentiment, positive = (numbered.result).positive_score
FROM numbered WHERE r.id = numbered.id;
SELECT label, positive > 0.5, pg_typeof(positive)::text FROM reviews WHERE id < 4 ORDER BY id;

-- shape: a limited subset, LATERAL in an UPDATE, two fields of one call
-- gives: [3, "Call **** on ******** before noon.", 2]
ALTER TABLE reviews ADD COLUMN redacted text, ADD COLUMN private azure_cognitive.entity[];
UPDATE reviews SET redacted = found.redacted_text, private = found.entities
FROM (SELECT id, body FROM reviews WHERE redacted IS NULL OR private IS NULL ORDER BY id LIMIT 4) AS subset,
    LATERAL azure_cognitive.recognize_pii_entities(subset.body, 'en') AS found
WHERE reviews.id = subset.id;
SELECT id, redacted, cardinality(private) FROM reviews WHERE private IS NOT NULL;

-- shape: a procedure that translates each row into each language of a table
-- gives: [2, "[de] Good night", "[sw] Good morning"]
CREATE TEMPORARY TABLE languages (code varchar(7) PRIMARY KEY);
INSERT INTO languages VALUES ('de'), ('sw');
CREATE TEMPORARY TABLE greetings (id integer, body varchar(40));
INSERT INTO greetings VALUES (1, 'Good morning'), (2, 'Good night');
CREATE TEMPORARY TABLE translated (id integer, code varchar(7), body text);
CREATE PROCEDURE pg_temp.translate_greetings(most integer DEFAULT 10) LANGUAGE plpgsql AS $$
BEGIN
    WITH batch (id, body) AS (
        SELECT id, body FROM greetings AS g WHERE NOT EXISTS (SELECT FROM translated AS t WHERE t.id = g.id) LIMIT most
    )
    INSERT INTO translated
    SELECT batch.id, languages.code, (unnest(found.translations)).TEXT
    FROM batch CROSS JOIN languages CROSS JOIN LATERAL azure_cognitive.translate(batch.body, languages.code) AS found;
END
$$;
CALL pg_temp.translate_greetings(5);
SELECT count(DISTINCT id), max(body) FILTER (WHERE code = 'de'), min(body) FILTER (WHERE code = 'sw') FROM translated;

-- shape: a subscript and a field of a table's column, without brackets
-- gives: ["[es] a house"]
SELECT a.translations[1].text FROM azure_cognitive.translate('a house', 'es') AS a;

-- shape: a vector assigned to a variable and a column without a cast, compared by distance
-- gives: ["shoe", true], ["sock", false]
ALTER TABLE documents ADD COLUMN embedding vector(1536);
UPDATE documents SET embedding = azure_openai.create_embeddings('embedding', body, max_attempts => 5, retry_delay_ms => 10)
WHERE embedding IS NULL;
CREATE FUNCTION pg_temp.recommend(sample text, most integer) RETURNS TABLE (found text, is_near boolean)
LANGUAGE plpgsql AS $$
DECLARE
    wanted vector(1536);
BEGIN
    wanted := (azure_openai.create_embeddings('embedding', (SELECT body FROM documents WHERE name = sample)));
    RETURN QUERY
        SELECT documents.name, documents.embedding <=> wanted < 0.01 FROM documents
        WHERE documents.name <> 'banana' ORDER BY documents.embedding <=> wanted LIMIT most;
END
$$;
SELECT * FROM pg_temp.recommend('shoe', 2);

-- shape: a rank by distance to a phrase, which is embedded once
-- gives: ["shoe", 1]
-- sends: 4
ALTER TABLE documents ADD COLUMN embedding vector(1536);
UPDATE documents SET embedding = azure_openai.create_embeddings('embedding', body)::vector;
SELECT name, rank() OVER (ORDER BY embedding <=> azure_openai.create_embeddings('embedding', 'a red shoe on sale')::vector)
FROM documents
ORDER BY embedding <=> azure_openai.create_embeddings('embedding', 'a red shoe on sale')::vector LIMIT 1;

-- shape: a block that works in batches until nothing is left
-- gives: [3, 2]
CREATE TEMPORARY TABLE rounds (round integer);
ALTER TABLE documents ADD COLUMN embedding vector(1536);
DO $$
DECLARE
    batch_size integer := 2;
    updated integer;
BEGIN
    LOOP
        BEGIN
            WITH due AS (SELECT key, body FROM documents WHERE embedding IS NULL ORDER BY name LIMIT batch_size)
            UPDATE documents AS d SET embedding = azure_openai.create_embeddings('embedding', due.body)::vector
            FROM due WHERE d.key = due.key;
            GET DIAGNOSTICS updated = ROW_COUNT;
            IF updated = 0 THEN
                EXIT;
            END IF;
            INSERT INTO rounds VALUES (updated);
        EXCEPTION WHEN OTHERS THEN
            RAISE NOTICE 'later';
            PERFORM pg_sleep(0.01);
        END;
    END LOOP;
END
$$;
SELECT count(*), (SELECT count(*) FROM rounds) FROM documents WHERE embedding IS NOT NULL;

-- shape: scores of a model of one's own beside the texts they are for
-- gives: ["a red shoe"]
CREATE FUNCTION pg_temp.rerank(query text, contents text[]) RETURNS TABLE (content text, relevance numeric)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
        WITH given AS (
            SELECT jsonb_build_object('pairs', jsonb_agg(jsonb_build_array(query, one))) AS pairs FROM unnest(contents) AS one
        ), scored AS (
            SELECT jsonb_array_elements(invoke.invoke) AS score
            FROM given, azure_ml.invoke(given.pairs, deployment_name => 'default', timeout_ms => 180000)
        ), numbered AS (
            SELECT row_number() OVER () AS place, score::text::numeric AS relevance FROM scored
        )
        SELECT contents[numbered.place], numbered.relevance FROM numbered;
END
$$;
SELECT content FROM pg_temp.rerank('red shoe', ARRAY['a sock', 'a red shoe']) ORDER BY relevance DESC LIMIT 1;
