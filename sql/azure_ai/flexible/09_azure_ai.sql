-- Chat models that write, judge, extract and rank. The same question may be answered in other words: VOLATILE.

CREATE OR REPLACE FUNCTION azure_ai.version() RETURNS text
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT '1.3.1';
END;
COMMENT ON FUNCTION azure_ai.version() IS 'Version of the extension whose functions these are.';

CREATE OR REPLACE FUNCTION azure_ai.generate(
    prompt text,
    model text DEFAULT 'gpt-4.1',
    system_prompt text DEFAULT 'You are a helpful assistant.'
) RETURNS text
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_ai.generate', jsonb_build_object(
        'prompt', prompt, 'model', model, 'system_prompt', system_prompt
    )))) AS answer (result text);
END;
COMMENT ON FUNCTION azure_ai.generate(text, text, text) IS 'Text that a chat model writes.';

CREATE OR REPLACE FUNCTION azure_ai.generate(
    prompt text,
    json_schema jsonb,
    model text DEFAULT 'gpt-4.1',
    system_prompt text DEFAULT 'You are a helpful assistant.'
) RETURNS jsonb
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT pgazure_bridge.call('azure_ai.generate', jsonb_build_object(
        'prompt', prompt, 'json_schema', json_schema, 'model', model, 'system_prompt', system_prompt
    ));
END;
COMMENT ON FUNCTION azure_ai.generate(text, jsonb, text, text) IS
    'Object of a JSON schema that a chat model writes; the schema as Azure OpenAI takes it, with name, strict and schema.';

CREATE OR REPLACE FUNCTION azure_ai.is_true(
    statement text,
    model text DEFAULT 'gpt-4.1'
) RETURNS boolean
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_ai.is_true', jsonb_build_object(
        'statement', statement, 'model', model
    )))) AS answer (result boolean);
END;
COMMENT ON FUNCTION azure_ai.is_true(text, text) IS
    'Whether a chat model finds a statement true; NULL where it cannot decide.';

CREATE OR REPLACE FUNCTION azure_ai.extract(
    document text,
    data text[],
    model text DEFAULT 'gpt-4.1'
) RETURNS jsonb
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT pgazure_bridge.call('azure_ai.extract', jsonb_build_object(
        'document', document, 'data', data, 'model', model
    ));
END;
COMMENT ON FUNCTION azure_ai.extract(text, text[], text) IS
    'Values that a chat model finds in a text, under labels such as "name", "name - meaning" or "name: number - meaning".';

CREATE OR REPLACE FUNCTION azure_ai.rank(
    query text,
    document_contents text[],
    model text DEFAULT 'Cohere-rerank-v3.5'
) RETURNS TABLE(id integer, rank bigint, score numeric)
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT answer.id, answer.rank, answer.score
    FROM jsonb_to_recordset(pgazure_bridge.call('azure_ai.rank', jsonb_build_object(
        'query', query, 'document_contents', nullif(document_contents, '{}'), 'model', model
    ))) AS answer (id integer, rank bigint, score numeric)
    ORDER BY answer.rank;
END;
COMMENT ON FUNCTION azure_ai.rank(text, text[], text) IS
    'Documents by how well they answer a question, the best first; id is the place of a document, from 1.';

CREATE OR REPLACE FUNCTION azure_ai.rank(
    query text,
    document_contents text[],
    document_ids anyarray,
    model text DEFAULT 'Cohere-rerank-v3.5'
) RETURNS TABLE(id anyelement, rank bigint, score numeric)
LANGUAGE plpgsql VOLATILE COST 10000
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF cardinality(document_ids) <> cardinality(document_contents) THEN
        RAISE EXCEPTION 'azure_ai.rank: InvalidRequest: % ids were given for % documents',
            cardinality(document_ids), cardinality(document_contents)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give one id for each document, in their order.';
    END IF;
    RETURN QUERY
        SELECT document_ids[array_lower(document_ids, 1) + ranked.id - 1], ranked.rank, ranked.score
        FROM azure_ai.rank(query, document_contents, model) AS ranked
        ORDER BY ranked.rank;
END
$$;
COMMENT ON FUNCTION azure_ai.rank(text, text[], anyarray, text) IS
    'Documents by how well they answer a question, the best first, under ids of any type.';
