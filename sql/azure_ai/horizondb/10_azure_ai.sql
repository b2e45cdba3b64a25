-- Chat models that write, judge, extract and rank. The same question may be answered in other words: VOLATILE.

CREATE OR REPLACE FUNCTION azure_ai.version() RETURNS text
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT '2.2.1';
END;
COMMENT ON FUNCTION azure_ai.version() IS 'Version of the extension whose functions these are.';

-- One function cannot give a text here and an object there: there is one for each result, and one more for the order
-- of arguments in which the schema comes third.
CREATE OR REPLACE FUNCTION azure_ai.generate(
    prompt text,
    model text DEFAULT NULL,
    system_prompt text DEFAULT 'You are a helpful assistant.'
) RETURNS text
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_ai.generate', jsonb_build_object(
        'prompt', prompt, 'system_prompt', system_prompt
    ) || pgazure_bridge.find_model(
        'azure_ai.generate', 'model', coalesce(model, 'default-chat'), CURRENT_USER
    )))) AS answer (result text);
END;
COMMENT ON FUNCTION azure_ai.generate(text, text, text) IS 'Text that a chat model writes.';

CREATE OR REPLACE FUNCTION azure_ai.generate(
    prompt text,
    model text,
    json_schema jsonb,
    system_prompt text DEFAULT 'You are a helpful assistant.'
) RETURNS jsonb
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT pgazure_bridge.call('azure_ai.generate', jsonb_build_object(
        'prompt', prompt, 'json_schema', json_schema, 'system_prompt', system_prompt
    ) || pgazure_bridge.find_model(
        'azure_ai.generate', 'model', coalesce(model, 'default-chat'), CURRENT_USER
    ));
END;
COMMENT ON FUNCTION azure_ai.generate(text, text, jsonb, text) IS
    'Object of a JSON schema that a chat model writes; the schema as Azure OpenAI takes it, with name, strict and schema.';

CREATE OR REPLACE FUNCTION azure_ai.generate(
    prompt text,
    json_schema jsonb,
    system_prompt text DEFAULT 'You are a helpful assistant.'
) RETURNS jsonb
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT azure_ai.generate(prompt, NULL::text, json_schema, system_prompt);
END;
COMMENT ON FUNCTION azure_ai.generate(text, jsonb, text) IS
    'Object of a JSON schema that the model default-chat writes.';

CREATE OR REPLACE FUNCTION azure_ai.is_true(
    statement text,
    model text DEFAULT NULL
) RETURNS boolean
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT answer.result
    FROM jsonb_to_record(jsonb_build_object('result', pgazure_bridge.call('azure_ai.is_true', jsonb_build_object(
        'statement', statement
    ) || pgazure_bridge.find_model(
        'azure_ai.is_true', 'model', coalesce(model, 'default-chat'), CURRENT_USER
    )))) AS answer (result boolean);
END;
COMMENT ON FUNCTION azure_ai.is_true(text, text) IS
    'Whether a chat model finds a statement true; NULL where it cannot decide.';

CREATE OR REPLACE FUNCTION azure_ai.extract(
    document text,
    data text[],
    model text DEFAULT NULL
) RETURNS jsonb
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT pgazure_bridge.call('azure_ai.extract', jsonb_build_object(
        'document', document, 'data', data
    ) || pgazure_bridge.find_model(
        'azure_ai.extract', 'model', coalesce(model, 'default-chat'), CURRENT_USER
    ));
END;
COMMENT ON FUNCTION azure_ai.extract(text, text[], text) IS
    'Values that a chat model finds in a text, under labels such as "name", "name - meaning" or "name: number - meaning".';

CREATE OR REPLACE FUNCTION azure_ai.rank(
    query text,
    document_contents text[],
    document_ids text[] DEFAULT NULL,
    model text DEFAULT NULL
) RETURNS TABLE(document_id text, rank bigint, relevance_score numeric)
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
        SELECT CASE WHEN document_ids IS NULL THEN ranked.document_id
            ELSE document_ids[array_lower(document_ids, 1) + ranked.document_id::integer - 1] END,
            ranked.rank, ranked.relevance_score
        FROM azure_ai.rank(query, document_contents, model) AS ranked
        ORDER BY ranked.rank;
END
$$;
COMMENT ON FUNCTION azure_ai.rank(text, text[], text[], text) IS
    'Documents by how well they answer a question, the best first; without ids, document_id is the place, from 1.';

CREATE OR REPLACE FUNCTION azure_ai.rank(
    query text,
    document_contents text[],
    model text
) RETURNS TABLE(document_id text, rank bigint, relevance_score numeric)
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT answer.id::text, answer.rank, answer.score
    FROM jsonb_to_recordset(pgazure_bridge.call('azure_ai.rank', jsonb_build_object(
        'query', query, 'document_contents', nullif(document_contents, '{}')
    ) || pgazure_bridge.find_model(
        'azure_ai.rank', 'model', coalesce(model, 'default-reranker'), CURRENT_USER
    ))) AS answer (id integer, rank bigint, score numeric)
    ORDER BY answer.rank;
END;
COMMENT ON FUNCTION azure_ai.rank(text, text[], text) IS
    'Documents by how well they answer a question, the best first; document_id is the place of a document, from 1.';
