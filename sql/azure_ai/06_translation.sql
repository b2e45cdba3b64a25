-- Azure AI Translator: one text or many, one target language or several.

CREATE OR REPLACE FUNCTION azure_cognitive.translate(
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
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_cognitive.translate', jsonb_build_object(
        'text', text, 'target_language', target_language, 'source_language', source_language,
        'text_type', text_type, 'profanity_action', profanity_action,
        'profanity_marker', profanity_marker, 'suggested_source_language', suggested_source_language,
        'source_script', source_script, 'target_script', target_script, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    )))) AS answer (result azure_cognitive.translated_text_result);
END;
COMMENT ON FUNCTION azure_cognitive.translate(text, text, text, text, text, text, text, text, text, integer, boolean, integer, integer) IS
    'Translation of a text into another language.';

CREATE OR REPLACE FUNCTION azure_cognitive.translate(
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
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_cognitive.translate', jsonb_build_object(
        'text', text, 'target_language', target_language, 'source_language', source_language,
        'text_type', text_type, 'profanity_action', profanity_action,
        'profanity_marker', profanity_marker, 'suggested_source_language', suggested_source_language,
        'source_script', source_script, 'target_script', target_script, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    )))) AS answer (result azure_cognitive.translated_text_result);
END;
COMMENT ON FUNCTION azure_cognitive.translate(text, text[], text, text, text, text, text, text, text[], integer, boolean, integer, integer) IS
    'Translation of a text into several languages.';

CREATE OR REPLACE FUNCTION azure_cognitive.translate(
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
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.translate', jsonb_build_object(
        'text', text, 'target_language', target_language, 'source_language', source_language,
        'text_type', text_type, 'profanity_action', profanity_action,
        'profanity_marker', profanity_marker, 'suggested_source_language', suggested_source_language,
        'source_script', source_script, 'target_script', target_script, 'batch_size', batch_size,
        'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts,
        'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('result', one.value)) AS answer (result azure_cognitive.translated_text_result)
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.translate(text[], text, text, text, text, text, text, text, text, integer, integer, boolean, integer, integer) IS
    'Translation of each text into another language. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.translate(
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
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.translate', jsonb_build_object(
        'text', text, 'target_language', target_language, 'source_language', source_language,
        'text_type', text_type, 'profanity_action', profanity_action,
        'profanity_marker', profanity_marker, 'suggested_source_language', suggested_source_language,
        'source_script', source_script, 'target_script', target_script, 'batch_size', batch_size,
        'timeout_ms', timeout_ms, 'throw_on_error', throw_on_error, 'max_attempts', max_attempts,
        'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('result', one.value)) AS answer (result azure_cognitive.translated_text_result)
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.translate(text[], text[], text, text, text, text, text, text, text[], integer, integer, boolean, integer, integer) IS
    'Translation of each text into several languages. One row for each text, in their order; NULL for NULL.';
