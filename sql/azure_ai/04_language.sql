-- Azure AI Language: what a text is about. One text gives one result; many give a row each, in their order.
-- The text decides the result, so that a result may be stored in a generated column or an index: IMMUTABLE.
-- A call costs far more than any comparison: COST lets the planner filter before it calls.

CREATE OR REPLACE FUNCTION azure_cognitive.analyze_sentiment(
    text text,
    language text DEFAULT NULL,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.sentiment_analysis_result
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_cognitive.analyze_sentiment', jsonb_build_object(
        'text', text, 'language', language, 'disable_service_logs', disable_service_logs,
        'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts,
        'retry_delay_ms', retry_delay_ms
    )))) AS answer (result azure_cognitive.sentiment_analysis_result);
END;
COMMENT ON FUNCTION azure_cognitive.analyze_sentiment(text, text, boolean, integer, boolean, integer, integer) IS
    'Sentiment of a text: label and three scores.';

CREATE OR REPLACE FUNCTION azure_cognitive.analyze_sentiment(
    text text[],
    language text DEFAULT NULL,
    batch_size integer DEFAULT 10,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(result azure_cognitive.sentiment_analysis_result)
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.analyze_sentiment', jsonb_build_object(
        'text', text, 'language', language, 'batch_size', batch_size,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('result', one.value)) AS answer (result azure_cognitive.sentiment_analysis_result)
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.analyze_sentiment(text[], text, integer, boolean, integer, boolean, integer, integer) IS
    'Sentiment of each text. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.analyze_sentiment(
    text text[],
    language text[] DEFAULT NULL,
    batch_size integer DEFAULT 10,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(result azure_cognitive.sentiment_analysis_result)
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.analyze_sentiment', jsonb_build_object(
        'text', text, 'language', language, 'batch_size', batch_size,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('result', one.value)) AS answer (result azure_cognitive.sentiment_analysis_result)
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.analyze_sentiment(text[], text[], integer, boolean, integer, boolean, integer, integer) IS
    'Sentiment of each text, a language given for each. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.detect_language(
    text text,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.language_detection_result
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_cognitive.detect_language', jsonb_build_object(
        'text', text, 'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    )))) AS answer (result azure_cognitive.language_detection_result);
END;
COMMENT ON FUNCTION azure_cognitive.detect_language(text, boolean, integer, boolean, integer, integer) IS
    'Language that a text is written in.';

CREATE OR REPLACE FUNCTION azure_cognitive.detect_language(
    text text[],
    batch_size integer DEFAULT 1000,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(result azure_cognitive.language_detection_result)
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.detect_language', jsonb_build_object(
        'text', text, 'batch_size', batch_size, 'disable_service_logs', disable_service_logs,
        'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts,
        'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('result', one.value)) AS answer (result azure_cognitive.language_detection_result)
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.detect_language(text[], integer, boolean, integer, boolean, integer, integer) IS
    'Language of each text. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.extract_key_phrases(
    text text,
    language text DEFAULT NULL,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS text[]
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_cognitive.extract_key_phrases', jsonb_build_object(
        'text', text, 'language', language, 'disable_service_logs', disable_service_logs,
        'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts,
        'retry_delay_ms', retry_delay_ms
    )))) AS answer (result text[]);
END;
COMMENT ON FUNCTION azure_cognitive.extract_key_phrases(text, text, boolean, integer, boolean, integer, integer) IS
    'Key phrases of a text.';

CREATE OR REPLACE FUNCTION azure_cognitive.extract_key_phrases(
    text text[],
    language text DEFAULT NULL,
    batch_size integer DEFAULT 10,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(key_phrases text[])
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.key_phrases
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.extract_key_phrases', jsonb_build_object(
        'text', text, 'language', language, 'batch_size', batch_size,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('key_phrases', one.value)) AS answer (key_phrases text[])
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.extract_key_phrases(text[], text, integer, boolean, integer, boolean, integer, integer) IS
    'Key phrases of each text. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.extract_key_phrases(
    text text[],
    language text[] DEFAULT NULL,
    batch_size integer DEFAULT 10,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(key_phrases text[])
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.key_phrases
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.extract_key_phrases', jsonb_build_object(
        'text', text, 'language', language, 'batch_size', batch_size,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('key_phrases', one.value)) AS answer (key_phrases text[])
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.extract_key_phrases(text[], text[], integer, boolean, integer, boolean, integer, integer) IS
    'Key phrases of each text, a language given for each. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.recognize_entities(
    text text,
    language text DEFAULT NULL,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.entity[]
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_cognitive.recognize_entities', jsonb_build_object(
        'text', text, 'language', language, 'disable_service_logs', disable_service_logs,
        'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts,
        'retry_delay_ms', retry_delay_ms
    )))) AS answer (result azure_cognitive.entity[]);
END;
COMMENT ON FUNCTION azure_cognitive.recognize_entities(text, text, boolean, integer, boolean, integer, integer) IS
    'People, places, dates and other named entities of a text.';

CREATE OR REPLACE FUNCTION azure_cognitive.recognize_entities(
    text text[],
    language text DEFAULT NULL,
    batch_size integer DEFAULT 5,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(entities azure_cognitive.entity[])
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.entities
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.recognize_entities', jsonb_build_object(
        'text', text, 'language', language, 'batch_size', batch_size,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('entities', one.value)) AS answer (entities azure_cognitive.entity[])
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.recognize_entities(text[], text, integer, boolean, integer, boolean, integer, integer) IS
    'Named entities of each text. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.recognize_entities(
    text text[],
    language text[] DEFAULT NULL,
    batch_size integer DEFAULT 5,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(entities azure_cognitive.entity[])
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.entities
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.recognize_entities', jsonb_build_object(
        'text', text, 'language', language, 'batch_size', batch_size,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('entities', one.value)) AS answer (entities azure_cognitive.entity[])
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.recognize_entities(text[], text[], integer, boolean, integer, boolean, integer, integer) IS
    'Named entities of each text, a language given for each. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.linked_entities(
    text text,
    language text DEFAULT NULL,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.linked_entity[]
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_cognitive.linked_entities', jsonb_build_object(
        'text', text, 'language', language, 'disable_service_logs', disable_service_logs,
        'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts,
        'retry_delay_ms', retry_delay_ms
    )))) AS answer (result azure_cognitive.linked_entity[]);
END;
COMMENT ON FUNCTION azure_cognitive.linked_entities(text, text, boolean, integer, boolean, integer, integer) IS
    'Things that a text names, with their entries in an encyclopedia.';

CREATE OR REPLACE FUNCTION azure_cognitive.linked_entities(
    text text[],
    language text DEFAULT NULL,
    batch_size integer DEFAULT 5,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(entities azure_cognitive.linked_entity[])
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.entities
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.linked_entities', jsonb_build_object(
        'text', text, 'language', language, 'batch_size', batch_size,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('entities', one.value)) AS answer (entities azure_cognitive.linked_entity[])
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.linked_entities(text[], text, integer, boolean, integer, boolean, integer, integer) IS
    'Things that each text names, with their entries in an encyclopedia. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.linked_entities(
    text text[],
    language text[] DEFAULT NULL,
    batch_size integer DEFAULT 5,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(entities azure_cognitive.linked_entity[])
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.entities
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.linked_entities', jsonb_build_object(
        'text', text, 'language', language, 'batch_size', batch_size,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('entities', one.value)) AS answer (entities azure_cognitive.linked_entity[])
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.linked_entities(text[], text[], integer, boolean, integer, boolean, integer, integer) IS
    'Things that each text names, with their entries in an encyclopedia, a language given for each. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.recognize_pii_entities(
    text text,
    language text DEFAULT NULL,
    domain text DEFAULT 'none',
    disable_service_logs boolean DEFAULT true,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS azure_cognitive.pii_entity_recognition_result
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_cognitive.recognize_pii_entities', jsonb_build_object(
        'text', text, 'language', language, 'domain', domain,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    )))) AS answer (result azure_cognitive.pii_entity_recognition_result);
END;
COMMENT ON FUNCTION azure_cognitive.recognize_pii_entities(text, text, text, boolean, integer, boolean, integer, integer) IS
    'Personal information in a text, and the text without it.';

CREATE OR REPLACE FUNCTION azure_cognitive.recognize_pii_entities(
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
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.recognize_pii_entities', jsonb_build_object(
        'text', text, 'language', language, 'domain', domain, 'batch_size', batch_size,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('result', one.value)) AS answer (result azure_cognitive.pii_entity_recognition_result)
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.recognize_pii_entities(text[], text, text, integer, boolean, integer, boolean, integer, integer) IS
    'Personal information in each text, and the text without it. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.recognize_pii_entities(
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
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.recognize_pii_entities', jsonb_build_object(
        'text', text, 'language', language, 'domain', domain, 'batch_size', batch_size,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('result', one.value)) AS answer (result azure_cognitive.pii_entity_recognition_result)
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.recognize_pii_entities(text[], text[], text, integer, boolean, integer, boolean, integer, integer) IS
    'Personal information in each text, and the text without it, a language given for each. One row for each text, in their order; NULL for NULL.';
