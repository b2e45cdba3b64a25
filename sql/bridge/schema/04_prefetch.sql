-- Answers made beforehand: a statement that calls a function for each row waits for each of them; one call for all
-- texts takes as long as a few. It runs with the rights of whoever calls it, and needs EXECUTE on the function.

DO $$
BEGIN
    IF to_regnamespace('pgazure') IS NULL THEN
        CREATE SCHEMA pgazure;
    END IF;
    -- Where it belongs to the pipelines of another role, that role decides who sees it.
    IF pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'pgazure'), 'USAGE') THEN
        GRANT USAGE ON SCHEMA pgazure TO PUBLIC;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION pgazure.prefetch(
    function text, texts text[], options jsonb DEFAULT '{}', retention interval DEFAULT '1 day'
) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- The form of the function for many texts: the names and types of its arguments.
    form record;
    kept bigint;
BEGIN
    SELECT namespace.nspname, proc.proname, proc.proargnames AS names, subject.name AS subject,
        ARRAY(SELECT format_type(type, NULL) FROM unnest(proc.proargtypes) AS type) AS types INTO form
    FROM pg_proc AS proc
    JOIN pg_namespace AS namespace ON namespace.oid = proc.pronamespace
    CROSS JOIN LATERAL (
        SELECT name FROM unnest(proc.proargnames) AS name WHERE name IN ('text', 'input') LIMIT 1
    ) AS subject
    WHERE proc.proretset AND proc.pronamespace IN (to_regnamespace('azure_cognitive'), to_regnamespace('azure_openai'))
        AND format('%s.%s', namespace.nspname, proc.proname) = function
        AND NOT EXISTS (
            SELECT FROM jsonb_each(options) AS option
            WHERE NOT EXISTS (
                SELECT FROM unnest(proc.proargnames, proc.proargtypes::oid[]) AS argument (name, type)
                WHERE argument.name = option.key AND argument.name <> subject.name
                    AND (argument.type = 'text[]'::regtype) = (jsonb_typeof(option.value) = 'array')
            )
        )
    ORDER BY (SELECT count(*) FROM unnest(proc.proargtypes) AS type WHERE type = 'text[]'::regtype)
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'pgazure.prefetch: InvalidRequest: there is no function % for many texts with these options', function
            USING ERRCODE = 'undefined_function',
            HINT = 'Give a function of azure_cognitive or azure_openai with its schema, and options by the names of its '
                'arguments: pgazure.prefetch(''azure_cognitive.analyze_sentiment'', array_agg(body), ''{"language": "en"}'').';
    ELSIF retention IS NULL OR retention <= interval '0' THEN
        RAISE EXCEPTION 'pgazure.prefetch: InvalidRequest: retention must be a time to come'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It is the time that answers are kept, such as ''1 hour''.';
    END IF;
    PERFORM set_config('pgazure_bridge.retention', retention::text, true);
    EXECUTE format(
        'SELECT count(*) FROM %I.%I(%s)', form.nspname, form.proname,
        (
            SELECT string_agg(format(
                CASE
                    WHEN argument.name = form.subject THEN '%I => $1'
                    WHEN argument.type LIKE '%[]' THEN '%I => ARRAY(SELECT jsonb_array_elements_text($2 -> %L))::%s'
                    ELSE '%I => ($2 ->> %L)::%s'
                END, argument.name, argument.name, argument.type
            ), ', ')
            FROM unnest(form.names[:cardinality(form.types)], form.types) AS argument (name, type)
            -- One language for all texts, or one for each: the type of a NULL decides which form it is.
            WHERE argument.name IN (form.subject, 'language') OR options ? argument.name
        )
    ) INTO kept USING texts, options;
    PERFORM set_config('pgazure_bridge.retention', '', true);
    RETURN kept;
END
$$;
COMMENT ON FUNCTION pgazure.prefetch(text, text[], jsonb, interval) IS
    'Have a function answer many texts at once and keep the answers, so that calls for one of them need no service; returns how many have one now.';
