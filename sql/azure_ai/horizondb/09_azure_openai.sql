-- Azure OpenAI: vectors. Indexes and generated columns are made of them: IMMUTABLE.
-- input has a default because model, which comes before it, has one.

CREATE OR REPLACE FUNCTION azure_openai.create_embeddings(
    model text DEFAULT NULL,
    input text DEFAULT NULL,
    dimensions integer DEFAULT NULL,
    timeout_ms integer DEFAULT 3600000,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS real[]
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_openai.create_embeddings', jsonb_build_object(
        'input', input, 'dimensions', dimensions, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ) || pgazure_bridge.find_model(
        'azure_openai.create_embeddings', 'deployment_name', coalesce(model, 'default-embedding'), CURRENT_USER
    )))) AS answer (result real[]);
END;
COMMENT ON FUNCTION azure_openai.create_embeddings(text, text, integer, integer, boolean, integer, integer) IS
    'Vector of a text from an embedding model.';

-- An empty array is no call, as NULL is none.
CREATE OR REPLACE FUNCTION azure_openai.create_embeddings(
    model text DEFAULT NULL,
    input text[] DEFAULT NULL,
    batch_size integer DEFAULT 100,
    dimensions integer DEFAULT NULL,
    timeout_ms integer DEFAULT 3600000,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS TABLE(embedding real[])
LANGUAGE sql IMMUTABLE COST 10000
BEGIN ATOMIC
    SELECT found.embedding
    FROM pgazure_bridge.call_for_vectors('azure_openai.create_embeddings', jsonb_build_object(
        'input', nullif(input, '{}'), 'batch_size', batch_size, 'dimensions', dimensions, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ) || pgazure_bridge.find_model(
        'azure_openai.create_embeddings', 'deployment_name', coalesce(model, 'default-embedding'), CURRENT_USER
    )) AS found (embedding);
END;
COMMENT ON FUNCTION azure_openai.create_embeddings(text, text[], integer, integer, integer, boolean, integer, integer) IS
    'Vector of each text from an embedding model. One row for each text, in their order; NULL for NULL.';
