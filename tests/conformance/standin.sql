-- The functions of azure_ai as the extension declares them, with bodies that compute something from what they are
-- given: what they answer shows which text, language and option arrived, and standin.calls holds the other arguments.

CREATE SCHEMA azure_ai;
CREATE SCHEMA azure_cognitive;
CREATE SCHEMA azure_ml;
CREATE SCHEMA azure_openai;
CREATE SCHEMA standin;

CREATE TABLE azure_ai.settings (key text PRIMARY KEY, value text);
CREATE TABLE standin.calls (function text, arguments jsonb, called_at timestamptz DEFAULT clock_timestamp());

CREATE TYPE azure_cognitive.sentiment_analysis_result AS (
    sentiment text,
    positive_score double precision,
    neutral_score double precision,
    negative_score double precision
);
CREATE TYPE azure_cognitive.language_detection_result AS (
    name text,
    iso6391_name text,
    confidence_score double precision
);
CREATE TYPE azure_cognitive.entity AS (text text, category text, subcategory text, confidence_score double precision);
CREATE TYPE azure_cognitive.linked_entity_match AS (text text, confidence_score double precision);
CREATE TYPE azure_cognitive.linked_entity AS (
    name text,
    data_source_entity_id text,
    language text,
    data_source text,
    url text,
    matches azure_cognitive.linked_entity_match[],
    bing_entity_search_api_id text
);
CREATE TYPE azure_cognitive.pii_entity_recognition_result AS (redacted_text text, entities azure_cognitive.entity[]);
CREATE TYPE azure_cognitive.sentence AS (text text, rank_score double precision);
CREATE TYPE azure_cognitive.transliterated_text AS (script text, text text);
CREATE TYPE azure_cognitive.translation AS (
    target_language text,
    text text,
    transliteration azure_cognitive.transliterated_text
);
CREATE TYPE azure_cognitive.detected_language AS (language text, score double precision);
CREATE TYPE azure_cognitive.translated_text_result AS (
    translations azure_cognitive.translation[],
    detected_language azure_cognitive.detected_language,
    source_text text
);

-- Texts and languages that a service would refuse: whether to give NULL instead, after a warning.
CREATE FUNCTION standin.refuses(function text, body text, language text, throw_on_error boolean) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    said text := CASE
        WHEN language = 'xx' THEN 'UnsupportedLanguageCode: The language is not supported.'
        WHEN body LIKE '%poison%' THEN
            E'InvalidRequest: Invalid Document in request.\n\nInvalidDocument: A document within the request was invalid.'
        WHEN body LIKE '%echo%' THEN format('InvalidDocument: cannot read %s', body)
        WHEN body LIKE '%unauthorized%' THEN '401: Access denied due to invalid subscription key.'
        WHEN body LIKE '%throttled%' THEN '429: Too many requests.'
        WHEN body LIKE '%nowhere%' THEN 'DeploymentNotFound: The deployment does not exist.'
        WHEN body LIKE '%broken%' THEN 'ServiceUnavailable: Try again.'
        WHEN body LIKE '%unset%' THEN 'the endpoint is not set'
    END;
BEGIN
    IF body LIKE '%slow%' THEN
        PERFORM pg_sleep(30);
    END IF;
    IF said IS NULL THEN
        RETURN false;
    ELSIF throw_on_error THEN
        RAISE EXCEPTION '%: %', function, said;
    END IF;
    RAISE WARNING '%: %', function, said;
    RETURN true;
END
$$;

CREATE FUNCTION standin.note(function text, arguments jsonb) RETURNS void
LANGUAGE sql AS $$ INSERT INTO standin.calls VALUES ($1, $2) $$;

CREATE FUNCTION standin.words(body text) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT found.words[1] FROM regexp_matches($1, '[[:alpha:]]+', 'g') WITH ORDINALITY AS found (words, place) ORDER BY place
$$;

CREATE FUNCTION standin.sentences(body text) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT trim(found.parts[1]) FROM regexp_matches($1, '[^.!?]+[.!?]?', 'g') WITH ORDINALITY AS found (parts, place)
    WHERE trim(found.parts[1]) <> '' ORDER BY place
$$;

CREATE FUNCTION standin.sentiment(body text) RETURNS azure_cognitive.sentiment_analysis_result
LANGUAGE sql AS $$
    SELECT CASE WHEN $1 ~* 'great|love|wonderful' THEN ROW('positive', 0.9, 0.1, 0)::azure_cognitive.sentiment_analysis_result
        WHEN $1 ~* 'awful|hate|terrible' THEN ROW('negative', 0, 0.1, 0.9)::azure_cognitive.sentiment_analysis_result
        ELSE ROW('neutral', 0.1, 0.8, 0.1)::azure_cognitive.sentiment_analysis_result END
$$;

CREATE FUNCTION standin.tongue(body text) RETURNS azure_cognitive.language_detection_result
LANGUAGE sql AS $$
    SELECT CASE WHEN $1 ~* '\m(le|la|est|et|une)\M' THEN ROW('French', 'fr', 0.99)::azure_cognitive.language_detection_result
        WHEN $1 ~* '\m(der|die|das|ist|und)\M' THEN ROW('German', 'de', 0.99)::azure_cognitive.language_detection_result
        ELSE ROW('English', 'en', 0.95)::azure_cognitive.language_detection_result END
$$;

CREATE FUNCTION standin.entities(body text) RETURNS azure_cognitive.entity[]
LANGUAGE sql AS $$
    SELECT coalesce(array_agg(ROW(word, 'Location', NULL, 0.5)::azure_cognitive.entity), '{}')
    FROM standin.words($1) AS word WHERE word ~ '^[A-Z]'
$$;

CREATE FUNCTION standin.links(body text, language text) RETURNS azure_cognitive.linked_entity[]
LANGUAGE sql AS $$
    SELECT coalesce(array_agg(ROW(
        word, word, coalesce($2, 'en'), 'Wikipedia', 'https://en.wikipedia.org/wiki/' || word,
        ARRAY[ROW(word, 0.5)::azure_cognitive.linked_entity_match], NULL)::azure_cognitive.linked_entity), '{}')
    FROM standin.words($1) AS word WHERE word ~ '^[A-Z]'
$$;

CREATE FUNCTION standin.personal(body text) RETURNS azure_cognitive.pii_entity_recognition_result
LANGUAGE sql AS $$
    SELECT ROW(regexp_replace($1, '[0-9]', '*', 'g'), (
        SELECT array_agg(ROW(found.digits[1], 'PhoneNumber', '', 0.8)::azure_cognitive.entity)
        FROM regexp_matches($1, '[0-9]+', 'g') AS found (digits)
    ))::azure_cognitive.pii_entity_recognition_result
$$;

CREATE FUNCTION standin.best(body text, sentence_count integer, sort_by text) RETURNS azure_cognitive.sentence[]
LANGUAGE sql AS $$
    SELECT coalesce(array_agg(ROW(sentence, 1.0 / place)::azure_cognitive.sentence
        ORDER BY CASE WHEN $3 = 'rank' THEN 1.0 / place END DESC, place), '{}')
    FROM (SELECT * FROM standin.sentences($1) WITH ORDINALITY AS s (sentence, place) LIMIT $2) AS first
$$;

CREATE FUNCTION standin.translation(
    body text, target_language text[], source_language text, target_script text[]
) RETURNS azure_cognitive.translated_text_result
LANGUAGE sql AS $$
    SELECT ROW((
        SELECT array_agg(ROW(
            code, format('[%s] %s', code, $1),
            CASE WHEN $4[place] IS NOT NULL THEN ROW($4[place], upper($1))::azure_cognitive.transliterated_text END
        )::azure_cognitive.translation ORDER BY place)
        FROM unnest($2) WITH ORDINALITY AS target (code, place)
    ), CASE WHEN $3 IS NULL THEN ROW((standin.tongue($1)).iso6391_name, 0.9)::azure_cognitive.detected_language END,
    NULL)::azure_cognitive.translated_text_result
$$;

CREATE FUNCTION azure_openai.create_embeddings(
    deployment_name text,
    input text,
    dimensions integer DEFAULT NULL,
    timeout_ms integer DEFAULT 3600000,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS real[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF standin.refuses('azure_openai.create_embeddings', input, NULL, throw_on_error) THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(
        SELECT (hashtext(deployment_name || input || place)::real / 2147483648)::real
        FROM generate_series(1, coalesce(dimensions, 8)) AS place
    );
END
$$;

CREATE FUNCTION azure_openai.create_embeddings(
    deployment_name text,
    input text[],
    batch_size integer DEFAULT 100,
    dimensions integer DEFAULT NULL,
    timeout_ms integer DEFAULT 3600000,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(embedding real[])
LANGUAGE sql IMMUTABLE AS $$
    SELECT azure_openai.create_embeddings($1, one.item, $4, $5, $6, $7, $8)
    FROM unnest($2) WITH ORDINALITY AS one (item, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.analyze_sentiment(
    text text,
    language text DEFAULT NULL,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.sentiment_analysis_result
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF standin.refuses('azure_cognitive.analyze_sentiment', text, language, throw_on_error) THEN
        RETURN NULL;
    END IF;
    PERFORM standin.note('azure_cognitive.analyze_sentiment', jsonb_build_object('disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms));
    RETURN standin.sentiment(text);
END
$$;

CREATE FUNCTION azure_cognitive.analyze_sentiment(
    text text[],
    language text DEFAULT NULL,
    batch_size integer DEFAULT 10,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(result azure_cognitive.sentiment_analysis_result)
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.analyze_sentiment[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.analyze_sentiment(text => one.item, language => analyze_sentiment.language, disable_service_logs => analyze_sentiment.disable_service_logs, timeout_ms => analyze_sentiment.timeout_ms, throw_on_error => analyze_sentiment.throw_on_error, max_attempts => analyze_sentiment.max_attempts, retry_delay_ms => analyze_sentiment.retry_delay_ms)
    FROM unnest($1) WITH ORDINALITY AS one (item, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.analyze_sentiment(
    text text[],
    language text[] DEFAULT NULL,
    batch_size integer DEFAULT 10,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(result azure_cognitive.sentiment_analysis_result)
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.analyze_sentiment[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.analyze_sentiment(text => one.item, language => one.tongue, disable_service_logs => analyze_sentiment.disable_service_logs, timeout_ms => analyze_sentiment.timeout_ms, throw_on_error => analyze_sentiment.throw_on_error, max_attempts => analyze_sentiment.max_attempts, retry_delay_ms => analyze_sentiment.retry_delay_ms)
    FROM unnest($1, $2) WITH ORDINALITY AS one (item, tongue, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.detect_language(
    text text,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.language_detection_result
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF standin.refuses('azure_cognitive.detect_language', text, NULL, throw_on_error) THEN
        RETURN NULL;
    END IF;
    PERFORM standin.note('azure_cognitive.detect_language', jsonb_build_object('disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms));
    RETURN standin.tongue(text);
END
$$;

CREATE FUNCTION azure_cognitive.detect_language(
    text text[],
    batch_size integer DEFAULT 1000,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(result azure_cognitive.language_detection_result)
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.detect_language[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.detect_language(text => one.item, disable_service_logs => detect_language.disable_service_logs, timeout_ms => detect_language.timeout_ms, throw_on_error => detect_language.throw_on_error, max_attempts => detect_language.max_attempts, retry_delay_ms => detect_language.retry_delay_ms)
    FROM unnest($1) WITH ORDINALITY AS one (item, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.extract_key_phrases(
    text text,
    language text DEFAULT NULL,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS text[]
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF standin.refuses('azure_cognitive.extract_key_phrases', text, language, throw_on_error) THEN
        RETURN NULL;
    END IF;
    PERFORM standin.note('azure_cognitive.extract_key_phrases', jsonb_build_object('disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms));
    RETURN ARRAY(SELECT word FROM standin.words(text) AS word WHERE length(word) > 4);
END
$$;

CREATE FUNCTION azure_cognitive.extract_key_phrases(
    text text[],
    language text DEFAULT NULL,
    batch_size integer DEFAULT 10,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(key_phrases text[])
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.extract_key_phrases[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.extract_key_phrases(text => one.item, language => extract_key_phrases.language, disable_service_logs => extract_key_phrases.disable_service_logs, timeout_ms => extract_key_phrases.timeout_ms, throw_on_error => extract_key_phrases.throw_on_error, max_attempts => extract_key_phrases.max_attempts, retry_delay_ms => extract_key_phrases.retry_delay_ms)
    FROM unnest($1) WITH ORDINALITY AS one (item, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.extract_key_phrases(
    text text[],
    language text[] DEFAULT NULL,
    batch_size integer DEFAULT 10,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(key_phrases text[])
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.extract_key_phrases[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.extract_key_phrases(text => one.item, language => one.tongue, disable_service_logs => extract_key_phrases.disable_service_logs, timeout_ms => extract_key_phrases.timeout_ms, throw_on_error => extract_key_phrases.throw_on_error, max_attempts => extract_key_phrases.max_attempts, retry_delay_ms => extract_key_phrases.retry_delay_ms)
    FROM unnest($1, $2) WITH ORDINALITY AS one (item, tongue, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.linked_entities(
    text text,
    language text DEFAULT NULL,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.linked_entity[]
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF standin.refuses('azure_cognitive.linked_entities', text, language, throw_on_error) THEN
        RETURN NULL;
    END IF;
    PERFORM standin.note('azure_cognitive.linked_entities', jsonb_build_object('disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms));
    RETURN standin.links(text, language);
END
$$;

CREATE FUNCTION azure_cognitive.linked_entities(
    text text[],
    language text DEFAULT NULL,
    batch_size integer DEFAULT 5,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(entities azure_cognitive.linked_entity[])
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.linked_entities[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.linked_entities(text => one.item, language => linked_entities.language, disable_service_logs => linked_entities.disable_service_logs, timeout_ms => linked_entities.timeout_ms, throw_on_error => linked_entities.throw_on_error, max_attempts => linked_entities.max_attempts, retry_delay_ms => linked_entities.retry_delay_ms)
    FROM unnest($1) WITH ORDINALITY AS one (item, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.linked_entities(
    text text[],
    language text[] DEFAULT NULL,
    batch_size integer DEFAULT 5,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(entities azure_cognitive.linked_entity[])
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.linked_entities[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.linked_entities(text => one.item, language => one.tongue, disable_service_logs => linked_entities.disable_service_logs, timeout_ms => linked_entities.timeout_ms, throw_on_error => linked_entities.throw_on_error, max_attempts => linked_entities.max_attempts, retry_delay_ms => linked_entities.retry_delay_ms)
    FROM unnest($1, $2) WITH ORDINALITY AS one (item, tongue, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.recognize_entities(
    text text,
    language text DEFAULT NULL,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.entity[]
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF standin.refuses('azure_cognitive.recognize_entities', text, language, throw_on_error) THEN
        RETURN NULL;
    END IF;
    PERFORM standin.note('azure_cognitive.recognize_entities', jsonb_build_object('disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms));
    RETURN standin.entities(text);
END
$$;

CREATE FUNCTION azure_cognitive.recognize_entities(
    text text[],
    language text DEFAULT NULL,
    batch_size integer DEFAULT 5,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(entities azure_cognitive.entity[])
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.recognize_entities[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.recognize_entities(text => one.item, language => recognize_entities.language, disable_service_logs => recognize_entities.disable_service_logs, timeout_ms => recognize_entities.timeout_ms, throw_on_error => recognize_entities.throw_on_error, max_attempts => recognize_entities.max_attempts, retry_delay_ms => recognize_entities.retry_delay_ms)
    FROM unnest($1) WITH ORDINALITY AS one (item, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.recognize_entities(
    text text[],
    language text[] DEFAULT NULL,
    batch_size integer DEFAULT 5,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(entities azure_cognitive.entity[])
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.recognize_entities[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.recognize_entities(text => one.item, language => one.tongue, disable_service_logs => recognize_entities.disable_service_logs, timeout_ms => recognize_entities.timeout_ms, throw_on_error => recognize_entities.throw_on_error, max_attempts => recognize_entities.max_attempts, retry_delay_ms => recognize_entities.retry_delay_ms)
    FROM unnest($1, $2) WITH ORDINALITY AS one (item, tongue, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.recognize_pii_entities(
    text text,
    language text DEFAULT NULL,
    domain text DEFAULT 'none',
    disable_service_logs boolean DEFAULT true,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.pii_entity_recognition_result
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF standin.refuses('azure_cognitive.recognize_pii_entities', text, language, throw_on_error) THEN
        RETURN NULL;
    END IF;
    PERFORM standin.note('azure_cognitive.recognize_pii_entities', jsonb_build_object('domain', domain, 'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms));
    RETURN standin.personal(text);
END
$$;

CREATE FUNCTION azure_cognitive.recognize_pii_entities(
    text text[],
    language text DEFAULT NULL,
    domain text DEFAULT 'none',
    batch_size integer DEFAULT 5,
    disable_service_logs boolean DEFAULT true,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(result azure_cognitive.pii_entity_recognition_result)
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.recognize_pii_entities[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.recognize_pii_entities(text => one.item, language => recognize_pii_entities.language, domain => recognize_pii_entities.domain, disable_service_logs => recognize_pii_entities.disable_service_logs, timeout_ms => recognize_pii_entities.timeout_ms, throw_on_error => recognize_pii_entities.throw_on_error, max_attempts => recognize_pii_entities.max_attempts, retry_delay_ms => recognize_pii_entities.retry_delay_ms)
    FROM unnest($1) WITH ORDINALITY AS one (item, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.recognize_pii_entities(
    text text[],
    language text[] DEFAULT NULL,
    domain text DEFAULT 'none',
    batch_size integer DEFAULT 5,
    disable_service_logs boolean DEFAULT true,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(result azure_cognitive.pii_entity_recognition_result)
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.recognize_pii_entities[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.recognize_pii_entities(text => one.item, language => one.tongue, domain => recognize_pii_entities.domain, disable_service_logs => recognize_pii_entities.disable_service_logs, timeout_ms => recognize_pii_entities.timeout_ms, throw_on_error => recognize_pii_entities.throw_on_error, max_attempts => recognize_pii_entities.max_attempts, retry_delay_ms => recognize_pii_entities.retry_delay_ms)
    FROM unnest($1, $2) WITH ORDINALITY AS one (item, tongue, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.summarize_abstractive(
    text text,
    language text DEFAULT NULL,
    sentence_count integer DEFAULT 3,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS text[]
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF standin.refuses('azure_cognitive.summarize_abstractive', text, language, throw_on_error) THEN
        RETURN NULL;
    END IF;
    PERFORM standin.note('azure_cognitive.summarize_abstractive', jsonb_build_object('sentence_count', sentence_count, 'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms));
    RETURN ARRAY(SELECT sentence FROM standin.sentences(text) AS sentence LIMIT sentence_count);
END
$$;

CREATE FUNCTION azure_cognitive.summarize_abstractive(
    text text[],
    language text DEFAULT NULL,
    sentence_count integer DEFAULT 3,
    batch_size integer DEFAULT 25,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(summaries text[])
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.summarize_abstractive[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.summarize_abstractive(text => one.item, language => summarize_abstractive.language, sentence_count => summarize_abstractive.sentence_count, disable_service_logs => summarize_abstractive.disable_service_logs, timeout_ms => summarize_abstractive.timeout_ms, throw_on_error => summarize_abstractive.throw_on_error, max_attempts => summarize_abstractive.max_attempts, retry_delay_ms => summarize_abstractive.retry_delay_ms)
    FROM unnest($1) WITH ORDINALITY AS one (item, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.summarize_abstractive(
    text text[],
    language text[] DEFAULT NULL,
    sentence_count integer DEFAULT 3,
    batch_size integer DEFAULT 25,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(summaries text[])
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.summarize_abstractive[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.summarize_abstractive(text => one.item, language => one.tongue, sentence_count => summarize_abstractive.sentence_count, disable_service_logs => summarize_abstractive.disable_service_logs, timeout_ms => summarize_abstractive.timeout_ms, throw_on_error => summarize_abstractive.throw_on_error, max_attempts => summarize_abstractive.max_attempts, retry_delay_ms => summarize_abstractive.retry_delay_ms)
    FROM unnest($1, $2) WITH ORDINALITY AS one (item, tongue, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.summarize_extractive(
    text text,
    language text DEFAULT NULL,
    sentence_count integer DEFAULT 3,
    sort_by text DEFAULT 'offset',
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.sentence[]
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF standin.refuses('azure_cognitive.summarize_extractive', text, language, throw_on_error) THEN
        RETURN NULL;
    END IF;
    PERFORM standin.note('azure_cognitive.summarize_extractive', jsonb_build_object('sentence_count', sentence_count, 'sort_by', sort_by, 'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms));
    RETURN standin.best(text, sentence_count, sort_by);
END
$$;

CREATE FUNCTION azure_cognitive.summarize_extractive(
    text text[],
    language text DEFAULT NULL,
    sentence_count integer DEFAULT 3,
    sort_by text DEFAULT 'offset',
    batch_size integer DEFAULT 25,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(sentences azure_cognitive.sentence[])
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.summarize_extractive[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.summarize_extractive(text => one.item, language => summarize_extractive.language, sentence_count => summarize_extractive.sentence_count, sort_by => summarize_extractive.sort_by, disable_service_logs => summarize_extractive.disable_service_logs, timeout_ms => summarize_extractive.timeout_ms, throw_on_error => summarize_extractive.throw_on_error, max_attempts => summarize_extractive.max_attempts, retry_delay_ms => summarize_extractive.retry_delay_ms)
    FROM unnest($1) WITH ORDINALITY AS one (item, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.summarize_extractive(
    text text[],
    language text[] DEFAULT NULL,
    sentence_count integer DEFAULT 3,
    sort_by text DEFAULT 'offset',
    batch_size integer DEFAULT 25,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(sentences azure_cognitive.sentence[])
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.summarize_extractive[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.summarize_extractive(text => one.item, language => one.tongue, sentence_count => summarize_extractive.sentence_count, sort_by => summarize_extractive.sort_by, disable_service_logs => summarize_extractive.disable_service_logs, timeout_ms => summarize_extractive.timeout_ms, throw_on_error => summarize_extractive.throw_on_error, max_attempts => summarize_extractive.max_attempts, retry_delay_ms => summarize_extractive.retry_delay_ms)
    FROM unnest($1, $2) WITH ORDINALITY AS one (item, tongue, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.translate(
    text text,
    target_language text,
    source_language text DEFAULT NULL,
    text_type text DEFAULT 'Plain',
    profanity_action text DEFAULT 'NoAction',
    profanity_marker text DEFAULT 'Asterisk',
    suggested_source_language text DEFAULT NULL,
    source_script text DEFAULT NULL,
    target_script text DEFAULT NULL,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.translated_text_result
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF standin.refuses('azure_cognitive.translate', text, source_language, throw_on_error) THEN
        RETURN NULL;
    END IF;
    PERFORM standin.note('azure_cognitive.translate', jsonb_build_object('text_type', text_type, 'profanity_action', profanity_action, 'profanity_marker', profanity_marker, 'suggested_source_language', suggested_source_language, 'source_script', source_script, 'target_script', target_script, 'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms));
    RETURN standin.translation(text, ARRAY[target_language], source_language, ARRAY[target_script]);
END
$$;

CREATE FUNCTION azure_cognitive.translate(
    text text,
    target_language text[],
    source_language text DEFAULT NULL,
    text_type text DEFAULT 'Plain',
    profanity_action text DEFAULT 'NoAction',
    profanity_marker text DEFAULT 'Asterisk',
    suggested_source_language text DEFAULT NULL,
    source_script text DEFAULT NULL,
    target_script text[] DEFAULT NULL,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.translated_text_result
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF standin.refuses('azure_cognitive.translate', text, source_language, throw_on_error) THEN
        RETURN NULL;
    END IF;
    PERFORM standin.note('azure_cognitive.translate', jsonb_build_object('text_type', text_type, 'profanity_action', profanity_action, 'profanity_marker', profanity_marker, 'suggested_source_language', suggested_source_language, 'source_script', source_script, 'target_script', target_script, 'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms));
    RETURN standin.translation(text, target_language, source_language, target_script);
END
$$;

CREATE FUNCTION azure_cognitive.translate(
    text text[],
    target_language text,
    source_language text DEFAULT NULL,
    text_type text DEFAULT 'Plain',
    profanity_action text DEFAULT 'NoAction',
    profanity_marker text DEFAULT 'Asterisk',
    suggested_source_language text DEFAULT NULL,
    source_script text DEFAULT NULL,
    target_script text DEFAULT NULL,
    batch_size integer DEFAULT 1000,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(result azure_cognitive.translated_text_result)
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.translate[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.translate(text => one.item, target_language => translate.target_language, source_language => translate.source_language, text_type => translate.text_type, profanity_action => translate.profanity_action, profanity_marker => translate.profanity_marker, suggested_source_language => translate.suggested_source_language, source_script => translate.source_script, target_script => translate.target_script, timeout_ms => translate.timeout_ms, throw_on_error => translate.throw_on_error, max_attempts => translate.max_attempts, retry_delay_ms => translate.retry_delay_ms)
    FROM unnest($1) WITH ORDINALITY AS one (item, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_cognitive.translate(
    text text[],
    target_language text[],
    source_language text DEFAULT NULL,
    text_type text DEFAULT 'Plain',
    profanity_action text DEFAULT 'NoAction',
    profanity_marker text DEFAULT 'Asterisk',
    suggested_source_language text DEFAULT NULL,
    source_script text DEFAULT NULL,
    target_script text[] DEFAULT NULL,
    batch_size integer DEFAULT 1000,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(result azure_cognitive.translated_text_result)
LANGUAGE sql AS $$
    SELECT standin.note('azure_cognitive.translate[]', jsonb_build_object('batch_size', batch_size, 'texts', cardinality($1)));
    SELECT azure_cognitive.translate(text => one.item, target_language => translate.target_language, source_language => translate.source_language, text_type => translate.text_type, profanity_action => translate.profanity_action, profanity_marker => translate.profanity_marker, suggested_source_language => translate.suggested_source_language, source_script => translate.source_script, target_script => translate.target_script, timeout_ms => translate.timeout_ms, throw_on_error => translate.throw_on_error, max_attempts => translate.max_attempts, retry_delay_ms => translate.retry_delay_ms)
    FROM unnest($1) WITH ORDINALITY AS one (item, place) ORDER BY one.place
$$;

CREATE FUNCTION azure_ai.set_setting(
    key text,
    value text
) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF key !~ '^azure_(openai|cognitive|ml)\.\w+$' THEN
        RAISE EXCEPTION 'azure_ai.set_setting: InvalidKey: there is no such setting';
    END IF;
    INSERT INTO azure_ai.settings VALUES (key, value)
    ON CONFLICT ON CONSTRAINT settings_pkey DO UPDATE SET value = excluded.value;
END
$$;

CREATE FUNCTION azure_ai.get_setting(
    key text
) RETURNS text
LANGUAGE sql AS $$
    SELECT settings.value FROM azure_ai.settings WHERE settings.key = $1
$$;

CREATE FUNCTION azure_ai.version(
    
) RETURNS text
LANGUAGE sql AS $$ SELECT '1.3.1' $$;

CREATE FUNCTION azure_ai.generate(
    prompt text,
    model text DEFAULT 'gpt-4.1',
    system_prompt text DEFAULT 'You are a helpful assistant.'
) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM standin.refuses('azure_ai.generate', prompt, NULL, true);
    RETURN format('%s|%s|%s', model, system_prompt, prompt);
END
$$;

CREATE FUNCTION azure_ai.generate(
    prompt text,
    json_schema jsonb,
    model text DEFAULT 'gpt-4.1',
    system_prompt text DEFAULT 'You are a helpful assistant.'
) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM standin.refuses('azure_ai.generate', prompt, NULL, true);
    RETURN jsonb_build_object('prompt', prompt, 'form', json_schema -> 'name', 'model', model, 'system', system_prompt);
END
$$;

CREATE FUNCTION azure_ai.is_true(
    statement text,
    model text DEFAULT 'gpt-4.1'
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM standin.refuses('azure_ai.is_true', statement, NULL, true);
    RETURN CASE WHEN statement LIKE '%2 + 2 = 4%' THEN true WHEN statement LIKE '%2 + 2 = 5%' THEN false END;
END
$$;

CREATE FUNCTION azure_ai.extract(
    document text,
    data text[],
    model text DEFAULT 'gpt-4.1'
) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM standin.refuses('azure_ai.extract', document, NULL, true);
    RETURN (
        SELECT jsonb_object_agg(split_part(split_part(label, ':', 1), ' - ', 1),
            CASE WHEN label LIKE '%number%' THEN to_jsonb(substring(document FROM '[0-9]+')::numeric)
                ELSE to_jsonb(split_part(document, ' ', 1)) END)
        FROM unnest(data) AS label
    );
END
$$;

CREATE FUNCTION azure_ai.rank(
    query text,
    document_contents text[],
    model text DEFAULT 'Cohere-rerank-v3.5'
) RETURNS TABLE(id text, rank bigint, score numeric)
LANGUAGE sql AS $$
    SELECT one.id, rank() OVER (ORDER BY one.score DESC, one.place), one.score
    FROM (
        SELECT found.place::text AS id, found.place,
            (SELECT count(*)::numeric FROM standin.words($1) AS word WHERE found.item ILIKE '%' || word || '%') AS score
        FROM unnest($2) WITH ORDINALITY AS found (item, place)
    ) AS one
    ORDER BY 2
$$;

CREATE FUNCTION azure_ai.rank(
    query text,
    document_contents text[],
    document_ids anyarray,
    model text DEFAULT 'Cohere-rerank-v3.5'
) RETURNS TABLE(id anyelement, rank bigint, score numeric)
LANGUAGE sql AS $$
    SELECT one.id, rank() OVER (ORDER BY one.score DESC, one.place), one.score
    FROM (
        SELECT $3[found.place] AS id, found.place,
            (SELECT count(*)::numeric FROM standin.words($1) AS word WHERE found.item ILIKE '%' || word || '%') AS score
        FROM unnest($2) WITH ORDINALITY AS found (item, place)
    ) AS one
    ORDER BY 2
$$;

CREATE FUNCTION azure_ml.invoke(
    input_data jsonb,
    deployment_name text DEFAULT NULL,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    IF standin.refuses('azure_ml.invoke', input_data::text, NULL, throw_on_error) THEN
        RETURN NULL;
    END IF;
    RETURN jsonb_build_object('given', input_data, 'deployment', deployment_name, 'attempts', max_attempts);
END
$$;

CREATE FUNCTION azure_ml.inference(
    input_data jsonb,
    deployment_name text DEFAULT NULL,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    IF standin.refuses('azure_ml.inference', input_data::text, NULL, throw_on_error) THEN
        RETURN NULL;
    END IF;
    RETURN jsonb_build_object('given', input_data, 'deployment', deployment_name, 'attempts', max_attempts);
END
$$;
