-- Azure AI Language: summaries. A scalar call gives an array, be it of one summary.

CREATE OR REPLACE FUNCTION azure_cognitive.summarize_extractive(
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
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_cognitive.summarize_extractive', jsonb_build_object(
        'text', text, 'language', language, 'sentence_count', sentence_count, 'sort_by', sort_by,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    )))) AS answer (result azure_cognitive.sentence[]);
END;
COMMENT ON FUNCTION azure_cognitive.summarize_extractive(text, text, integer, text, boolean, integer, boolean, integer, integer) IS
    'The weightiest sentences of a text.';

CREATE OR REPLACE FUNCTION azure_cognitive.summarize_extractive(
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
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.sentences
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.summarize_extractive', jsonb_build_object(
        'text', text, 'language', language, 'sentence_count', sentence_count, 'sort_by', sort_by,
        'batch_size', batch_size, 'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('sentences', one.value)) AS answer (sentences azure_cognitive.sentence[])
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.summarize_extractive(text[], text, integer, text, integer, boolean, integer, boolean, integer, integer) IS
    'The weightiest sentences of each text. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.summarize_extractive(
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
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.sentences
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.summarize_extractive', jsonb_build_object(
        'text', text, 'language', language, 'sentence_count', sentence_count, 'sort_by', sort_by,
        'batch_size', batch_size, 'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('sentences', one.value)) AS answer (sentences azure_cognitive.sentence[])
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.summarize_extractive(text[], text[], integer, text, integer, boolean, integer, boolean, integer, integer) IS
    'The weightiest sentences of each text, a language given for each. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.summarize_abstractive(
    text text,
    language text DEFAULT NULL,
    sentence_count integer DEFAULT 3,
    disable_service_logs boolean DEFAULT false,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS text[]
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_cognitive.summarize_abstractive', jsonb_build_object(
        'text', text, 'language', language, 'sentence_count', sentence_count,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    )))) AS answer (result text[]);
END;
COMMENT ON FUNCTION azure_cognitive.summarize_abstractive(text, text, integer, boolean, integer, boolean, integer, integer) IS
    'Summaries of a text in new words.';

CREATE OR REPLACE FUNCTION azure_cognitive.summarize_abstractive(
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
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.summaries
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.summarize_abstractive', jsonb_build_object(
        'text', text, 'language', language, 'sentence_count', sentence_count, 'batch_size', batch_size,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('summaries', one.value)) AS answer (summaries text[])
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.summarize_abstractive(text[], text, integer, integer, boolean, integer, boolean, integer, integer) IS
    'Summaries of each text in new words. One row for each text, in their order; NULL for NULL.';

CREATE OR REPLACE FUNCTION azure_cognitive.summarize_abstractive(
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
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.summaries
    FROM jsonb_array_elements(pgazure_bridge.call('azure_cognitive.summarize_abstractive', jsonb_build_object(
        'text', text, 'language', language, 'sentence_count', sentence_count, 'batch_size', batch_size,
        'disable_service_logs', disable_service_logs, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ))) WITH ORDINALITY AS one (value, place),
        jsonb_to_record(jsonb_build_object('summaries', one.value)) AS answer (summaries text[])
    ORDER BY one.place;
END;
COMMENT ON FUNCTION azure_cognitive.summarize_abstractive(text[], text[], integer, integer, boolean, integer, boolean, integer, integer) IS
    'Summaries of each text in new words, a language given for each. One row for each text, in their order; NULL for NULL.';
