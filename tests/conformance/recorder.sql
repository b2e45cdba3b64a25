-- In place of what carries a call to a server: it notes what the functions hand on, and answers by simple rules, so
-- that a test sees each argument arrive and chooses the errors of a service by words in the texts.

CREATE TABLE pgazure_bridge.recorded (function text, arguments jsonb, called_at timestamptz DEFAULT clock_timestamp());

CREATE FUNCTION pgazure_bridge.answer(function text, arguments jsonb, body text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    said text := CASE
        WHEN arguments ->> 'language' = 'xx' THEN 'UnsupportedLanguageCode: The language is not supported.'
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
    IF body IS NULL THEN
        RETURN NULL;
    ELSIF said IS NOT NULL AND coalesce((arguments ->> 'throw_on_error')::boolean, true) THEN
        RAISE EXCEPTION '%: %', function, said;
    ELSIF said IS NOT NULL THEN
        RAISE WARNING '%: %', function, said;
        RETURN NULL;
    END IF;
    RETURN CASE split_part(function, '.', 2)
        WHEN 'analyze_sentiment' THEN jsonb_build_object(
            'sentiment', CASE WHEN body ~ 'great' THEN 'positive' ELSE 'neutral' END,
            'positive_score', 0.1, 'neutral_score', 0.8, 'negative_score', 0.1)
        WHEN 'detect_language' THEN '{"name": "English", "iso6391_name": "en", "confidence_score": 1}'
        WHEN 'extract_key_phrases' THEN jsonb_build_array(body)
        WHEN 'recognize_pii_entities' THEN jsonb_build_object('redacted_text', body, 'entities', NULL)
        WHEN 'create_embeddings' THEN to_jsonb(ARRAY[hashtext(body)::real, 1]::text)
        WHEN 'translate' THEN '{"translations": []}'
        ELSE to_jsonb(body)
    END;
END
$$;

CREATE OR REPLACE FUNCTION pgazure_bridge.call(function text, arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    subject jsonb := coalesce(arguments -> 'text', arguments -> 'input', arguments -> 'prompt');
BEGIN
    INSERT INTO pgazure_bridge.recorded VALUES (function, arguments);
    IF jsonb_typeof(subject) = 'array' THEN
        RETURN (
            SELECT jsonb_agg(pgazure_bridge.answer(function, arguments, one.body) ORDER BY one.place)
            FROM jsonb_array_elements_text(subject) WITH ORDINALITY AS one (body, place)
        );
    END IF;
    RETURN pgazure_bridge.answer(function, arguments, subject #>> '{}');
END
$$;

CREATE OR REPLACE FUNCTION pgazure_bridge.call_for_vectors(function text, arguments jsonb) RETURNS SETOF real[]
LANGUAGE sql AS $$
    SELECT (value #>> '{}')::real[] FROM jsonb_array_elements(pgazure_bridge.call(function, arguments))
$$;
