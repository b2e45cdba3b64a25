-- Pipelines described and steered in SQL. What describes one is checked where it is carried out, by
-- `pgazure run` and `pgazure worker`: see pgazure.order. The rest happens here and now.

CREATE OR REPLACE FUNCTION pgazure.step(operation text, parameters jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(operation, jsonb_strip_nulls(parameters))
$$;
COMMENT ON FUNCTION pgazure.step(text, jsonb) IS
    'Any step by the name of its operation, with parameters as in pgazure.toml; it calls nothing';

CREATE OR REPLACE FUNCTION pgazure.table_source(
    table_name text, incremental_column text DEFAULT NULL, schema_name text DEFAULT 'public',
    template text DEFAULT NULL, key_columns text[] DEFAULT NULL, conditions jsonb DEFAULT NULL
) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'table', format('%I.%I', schema_name, table_name), 'incremental_column', incremental_column,
        'text', template, 'key', to_jsonb(key_columns), 'where', conditions))
$$;
COMMENT ON FUNCTION pgazure.table_source(text, text, text, text, text[], jsonb) IS
    'The rows of a table, or of a view that is polled by a growing column; the text of a row is template, else the column that the steps read';

CREATE OR REPLACE FUNCTION pgazure.table_sink(
    table_name text, schema_name text DEFAULT 'public', on_conflict text[] DEFAULT NULL,
    on_conflict_action text DEFAULT 'insert'
) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('table', table_name, 'schema', schema_name)
$$;
COMMENT ON FUNCTION pgazure.table_sink(text, text, text[], text) IS
    'Name of the last step''s result table, which is made beside the source; rows are kept by their key, so there is no conflict';

CREATE OR REPLACE FUNCTION pgazure.chunk(
    input text DEFAULT NULL, method text DEFAULT NULL, chunk_size integer DEFAULT 512, overlap integer DEFAULT 64
) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('chunk', jsonb_build_object(
        'input', input, 'method', method, 'chunk_size', chunk_size, 'overlap', overlap))
$$;
COMMENT ON FUNCTION pgazure.chunk(text, text, integer, integer) IS
    'Split each row into pieces, for embed and steps with input chunk_text; method is recursive, sentence, token or markdown';

CREATE OR REPLACE FUNCTION pgazure.embed(
    input text DEFAULT NULL, model text DEFAULT NULL, batch_size integer DEFAULT 100, dimensions integer DEFAULT NULL
) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('embed', jsonb_build_object(
        'input', input, 'model', coalesce(model, 'text-embedding-3-small'), 'dimensions', dimensions))
$$;
COMMENT ON FUNCTION pgazure.embed(text, text, integer, integer) IS
    'A vector for each row or chunk; requests are packed as the service takes them, whatever batch_size says';

CREATE OR REPLACE FUNCTION pgazure.extract(input text DEFAULT NULL, data text[] DEFAULT NULL, model text DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('extract', jsonb_build_object('input', input, 'data', to_jsonb(data), 'model', model))
$$;
COMMENT ON FUNCTION pgazure.extract(text, text[], text) IS 'Values that a chat model finds in each row, by label';

CREATE OR REPLACE FUNCTION pgazure.generate(
    input text DEFAULT NULL, system_prompt text DEFAULT 'You are a helpful assistant.', max_tokens integer DEFAULT 1024,
    model text DEFAULT NULL, prompt text DEFAULT NULL, json_schema jsonb DEFAULT NULL
) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('generate', jsonb_strip_nulls(jsonb_build_object(
        'input', input, 'system_prompt', system_prompt, 'max_tokens', max_tokens, 'model', model, 'prompt', prompt))
        || CASE WHEN json_schema IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('json_schema', json_schema) END);
$$;
COMMENT ON FUNCTION pgazure.generate(text, text, integer, text, text, jsonb) IS
    'A text, or with json_schema an object, that a chat model writes about each row; prompt is a template with {input} and columns';

CREATE OR REPLACE FUNCTION pgazure.is_true(statement text, input text DEFAULT NULL, model text DEFAULT NULL) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('is_true', jsonb_build_object('statement', statement, 'input', input, 'model', model))
$$;
COMMENT ON FUNCTION pgazure.is_true(text, text, text) IS
    'Whether a statement, a template with {input} and columns, holds for each row';

CREATE OR REPLACE FUNCTION pgazure.rank(
    input text, query text, top_n integer DEFAULT NULL, model text DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF top_n IS NOT NULL THEN
        RAISE WARNING 'top_n leaves nothing out: every row gets its rank_score, for queries to order by';
    END IF;
    RETURN pgazure.step('rank', jsonb_build_object('input', input, 'query', query, 'model', model));
END
$$;
COMMENT ON FUNCTION pgazure.rank(text, text, integer, text) IS 'How much each row has to do with a query, as rank_score';

CREATE OR REPLACE FUNCTION pgazure.invoke(
    input_data jsonb DEFAULT NULL, deployment_name text DEFAULT NULL, input text DEFAULT NULL
) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('invoke', jsonb_build_object('deployment_name', deployment_name, 'input', input)
        || CASE WHEN input_data IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('input_data', input_data) END)
$$;
COMMENT ON FUNCTION pgazure.invoke(jsonb, text, text) IS
    'What an endpoint of Azure Machine Learning answers about each row; {input} and columns stand within the texts of input_data';

CREATE OR REPLACE FUNCTION pgazure.detect_language(input text DEFAULT NULL) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('detect_language', jsonb_build_object('input', input))
$$;
COMMENT ON FUNCTION pgazure.detect_language(text) IS 'The language of each row; other steps take it from here';

CREATE OR REPLACE FUNCTION pgazure.analyze_sentiment(input text DEFAULT NULL, language text DEFAULT NULL) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('analyze_sentiment', jsonb_build_object('input', input, 'language', language))
$$;
COMMENT ON FUNCTION pgazure.analyze_sentiment(text, text) IS 'Label each row positive, negative, neutral or mixed';

CREATE OR REPLACE FUNCTION pgazure.extract_key_phrases(input text DEFAULT NULL, language text DEFAULT NULL) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('extract_key_phrases', jsonb_build_object('input', input, 'language', language))
$$;
COMMENT ON FUNCTION pgazure.extract_key_phrases(text, text) IS 'The main points of each row';

CREATE OR REPLACE FUNCTION pgazure.recognize_entities(input text DEFAULT NULL, language text DEFAULT NULL) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('recognize_entities', jsonb_build_object('input', input, 'language', language))
$$;
COMMENT ON FUNCTION pgazure.recognize_entities(text, text) IS 'People, places, organisations, dates and quantities of each row';

CREATE OR REPLACE FUNCTION pgazure.linked_entities(input text DEFAULT NULL, language text DEFAULT NULL) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('linked_entities', jsonb_build_object('input', input, 'language', language))
$$;
COMMENT ON FUNCTION pgazure.linked_entities(text, text) IS 'The well-known things that each row speaks of, linked to Wikipedia';

CREATE OR REPLACE FUNCTION pgazure.recognize_pii_entities(
    input text DEFAULT NULL, language text DEFAULT NULL, domain text DEFAULT 'none'
) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('recognize_pii_entities', jsonb_build_object('input', input, 'language', language, 'domain', domain))
$$;
COMMENT ON FUNCTION pgazure.recognize_pii_entities(text, text, text) IS
    'Personal data of each row, and its text without it as redacted_text';

CREATE OR REPLACE FUNCTION pgazure.translate(
    target_language text[], input text DEFAULT NULL, source_language text DEFAULT NULL
) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('translate', jsonb_build_object(
        'target_language', to_jsonb(target_language), 'input', input, 'source_language', source_language))
$$;
COMMENT ON FUNCTION pgazure.translate(text[], text, text) IS 'Each row in one or more other languages';

CREATE OR REPLACE FUNCTION pgazure.summarize_extractive(
    input text DEFAULT NULL, language text DEFAULT NULL, sentence_count integer DEFAULT 3, sort_by text DEFAULT 'offset'
) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('summarize_extractive', jsonb_build_object(
        'input', input, 'language', language, 'sentence_count', sentence_count, 'sort_by', sort_by))
$$;
COMMENT ON FUNCTION pgazure.summarize_extractive(text, text, integer, text) IS 'The sentences of each row that say most';

CREATE OR REPLACE FUNCTION pgazure.summarize_abstractive(
    input text DEFAULT NULL, language text DEFAULT NULL, sentence_count integer DEFAULT 3
) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pgazure.step('summarize_abstractive', jsonb_build_object(
        'input', input, 'language', language, 'sentence_count', sentence_count))
$$;
COMMENT ON FUNCTION pgazure.summarize_abstractive(text, text, integer) IS 'Each row written anew in fewer words';

CREATE OR REPLACE FUNCTION pgazure.require_pipeline(name text) RETURNS pgazure.pipeline
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target pgazure.pipeline;
BEGIN
    SELECT p.* INTO target FROM pgazure.pipeline p WHERE p.name = require_pipeline.name;
    IF target.pipeline_id IS NOT NULL THEN
        RETURN target;
    END IF;
    RAISE EXCEPTION 'there is no pipeline %', quote_ident(name) USING ERRCODE = 'undefined_object', HINT = CASE
        WHEN EXISTS (SELECT FROM pgazure.order o WHERE o.pipeline = name AND o.action = 'create' AND o.finished_at IS NULL)
        THEN 'It is ordered: start pgazure run or pgazure worker to have it made.'
        ELSE 'SELECT * FROM pgazure.list_pipelines() shows those there are; pgazure.order shows what became of others.' END;
END
$$;
COMMENT ON FUNCTION pgazure.require_pipeline(text) IS 'One pipeline by name, or an error that says which there are';

CREATE OR REPLACE FUNCTION pgazure.create_pipeline(
    name text, source jsonb, steps jsonb[], sink jsonb DEFAULT NULL, trigger text DEFAULT 'manual',
    options jsonb DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong jsonb;
    number bigint;
BEGIN
    IF name IS NULL OR name !~ '^[a-z_][a-z0-9_]{0,39}$' THEN
        RAISE EXCEPTION 'a pipeline''s name begins with a lower-case letter or _, and has letters, digits and _ only'
            USING ERRCODE = 'invalid_name';
    END IF;
    IF jsonb_typeof(source) IS DISTINCT FROM 'object' OR source ->> 'table' IS NULL THEN
        RAISE EXCEPTION 'source must name a table' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Write source => pgazure.table_source(''reviews'').';
    END IF;
    IF to_regclass(source ->> 'table') IS NULL THEN
        RAISE EXCEPTION 'there is no table %', source ->> 'table' USING ERRCODE = 'undefined_table';
    END IF;
    IF coalesce(cardinality(steps), 0) = 0 THEN
        RAISE EXCEPTION 'a pipeline has one step at least' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Write steps => ARRAY[pgazure.analyze_sentiment()].';
    END IF;
    FOREACH wrong IN ARRAY steps LOOP
        IF jsonb_typeof(wrong) IS DISTINCT FROM 'object' OR (SELECT count(*) FROM jsonb_object_keys(wrong)) <> 1 THEN
            RAISE EXCEPTION 'a step is an object with one operation, as pgazure.step makes it'
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END LOOP;
    INSERT INTO pgazure.order (action, pipeline, spec) VALUES ('create', name, jsonb_strip_nulls(jsonb_build_object(
        'sink', sink, 'trigger', trigger, 'options', options)) || jsonb_build_object('source', source, 'steps', to_jsonb(steps)))
    RETURNING order_id INTO number;
    PERFORM pg_notify('pgazure', name);
    RETURN number;
END
$$;
COMMENT ON FUNCTION pgazure.create_pipeline(text, jsonb, jsonb[], jsonb, text, jsonb) IS
    'Order a pipeline, new or changed; pgazure run or pgazure worker checks and applies it, and pgazure.order says what came of it. Returns the order''s number';

CREATE OR REPLACE FUNCTION pgazure.run(name text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM pgazure.order o WHERE o.pipeline = name AND o.action = 'create' AND o.finished_at IS NULL) THEN
        PERFORM pgazure.require_pipeline(name);
    END IF;
    INSERT INTO pgazure.order (action, pipeline) VALUES ('run', name) RETURNING order_id INTO number;
    PERFORM pg_notify('pgazure', name);
    RETURN number;
END
$$;
COMMENT ON FUNCTION pgazure.run(text) IS
    'Order a run of a pipeline, whatever its trigger; pgazure run or pgazure worker carries it out. Returns the order''s number';

CREATE OR REPLACE FUNCTION pgazure.is_running(pipeline_id integer) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    -- A run that lives holds a lock of its number.
    SELECT EXISTS (
        SELECT FROM pgazure.run r JOIN pg_locks l ON l.locktype = 'advisory' AND l.objsubid = 1
            AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('pgazure.run.' || r.run_id, 0)
        WHERE r.pipeline_id = $1 AND r.finished_at IS NULL
    )
$$;
COMMENT ON FUNCTION pgazure.is_running(integer) IS 'Whether a run of a pipeline is at work now';

CREATE OR REPLACE FUNCTION pgazure.explain(name text)
RETURNS TABLE (step_number bigint, step text, operation text, reads text, result_table text, parameters jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target pgazure.pipeline := pgazure.require_pipeline(name);
BEGIN
    RETURN QUERY
    SELECT e.number, s.name, s.operation, coalesce(p.value ->> 'input', 'text'),
        format('%I.%I', s.result_schema, s.result_table), p.value - 'name' - 'table' - 'input'
    FROM jsonb_array_elements(target.spec -> 'steps') WITH ORDINALITY AS e (spelled, number)
    CROSS JOIN LATERAL jsonb_each(e.spelled) AS p
    JOIN pgazure.step s ON s.pipeline_id = target.pipeline_id AND s.name = coalesce(nullif(p.value ->> 'name', ''), p.key)
    ORDER BY e.number;
END
$$;
COMMENT ON FUNCTION pgazure.explain(text) IS 'The steps of a pipeline: what each reads, where its results lie, its parameters';

CREATE OR REPLACE FUNCTION pgazure.status(name text)
RETURNS TABLE (
    pipeline text, state text, trigger text, rows_pending bigint, last_run_status text,
    last_run_at timestamptz, total_processed bigint
)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target pgazure.pipeline := pgazure.require_pipeline(name);
    pending bigint;
BEGIN
    SELECT p.rows INTO pending FROM pgazure.count_pending(target.name) AS p;
    RETURN QUERY
    SELECT target.name,
        CASE WHEN pgazure.is_running(target.pipeline_id) THEN 'running' WHEN target.paused_at IS NOT NULL THEN 'paused'
            ELSE 'idle' END,
        coalesce(target.spec ->> 'trigger', 'manual'), pending, r.outcome, r.started_at,
        (SELECT coalesce(sum(d.rows), 0)::bigint FROM pgazure.run d WHERE d.pipeline_id = target.pipeline_id)
    FROM (SELECT 1) AS one
    LEFT JOIN LATERAL (
        SELECT l.outcome, l.started_at FROM pgazure.run l WHERE l.pipeline_id = target.pipeline_id
        ORDER BY l.run_id DESC LIMIT 1
    ) AS r ON true;
END
$$;
COMMENT ON FUNCTION pgazure.status(text) IS 'How a pipeline stands: whether it is at work, what waits, how its last run ended';

CREATE OR REPLACE FUNCTION pgazure.list_pipelines()
RETURNS TABLE (name text, source text, trigger text, state text, steps text[], created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.name, format('%I.%I', p.source_schema, p.source_table), coalesce(p.spec ->> 'trigger', 'manual'),
        CASE WHEN pgazure.is_running(p.pipeline_id) THEN 'running' WHEN p.paused_at IS NOT NULL THEN 'paused'
            ELSE 'idle' END,
        ARRAY(SELECT s.name FROM pgazure.step s WHERE s.pipeline_id = p.pipeline_id ORDER BY s.name),
        p.created_at, p.updated_at
    FROM pgazure.pipeline p ORDER BY p.name
$$;
COMMENT ON FUNCTION pgazure.list_pipelines() IS 'All pipelines by name';

CREATE OR REPLACE FUNCTION pgazure.pause(name text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target pgazure.pipeline := pgazure.require_pipeline(name);
BEGIN
    UPDATE pgazure.pipeline p SET paused_at = now() WHERE p.pipeline_id = target.pipeline_id AND p.paused_at IS NULL;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION pgazure.pause(text) IS
    'Let no more rows of a pipeline be claimed; batches in hand are finished, and changes are still noticed. False where it was paused';

CREATE OR REPLACE FUNCTION pgazure.resume(name text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target pgazure.pipeline := pgazure.require_pipeline(name);
BEGIN
    UPDATE pgazure.pipeline p SET paused_at = NULL WHERE p.pipeline_id = target.pipeline_id AND p.paused_at IS NOT NULL;
    PERFORM pg_notify('pgazure', target.name);
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION pgazure.resume(text) IS 'Let rows of a pipeline be claimed again. False where it was not paused';

CREATE OR REPLACE FUNCTION pgazure.backfill(name text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target pgazure.pipeline := pgazure.require_pipeline(name);
    keys text;
    known text := '';
    result regclass;
    queued bigint;
BEGIN
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO keys FROM pg_attribute a
    WHERE a.attrelid = to_regclass(format('pgazure.%I', 'changes_' || target.name)) AND a.attnum > 0
        AND NOT a.attisdropped AND a.attname <> 'changed_at';
    FOR result IN
        SELECT r.table FROM (
            SELECT to_regclass(format('%I.%I', result_schema, result_table)) AS table
            FROM pgazure.result WHERE pipeline_id = target.pipeline_id AND NOT past
        ) AS r WHERE r.table IS NOT NULL
    LOOP
        -- Keys with results and no row are looked at too, for the results to be removed.
        known := known || format(' UNION SELECT %s FROM %s', keys, result);
    END LOOP;
    EXECUTE format('INSERT INTO pgazure.%I (%s) SELECT %2$s FROM %I.%I%s',
        'changes_' || target.name, keys, target.source_schema, target.source_table, known);
    GET DIAGNOSTICS queued = ROW_COUNT;
    PERFORM pg_notify('pgazure', target.name);
    RETURN queued;
END
$$;
COMMENT ON FUNCTION pgazure.backfill(text) IS
    'Queue every row of the source again; what has its results already is found so and costs nothing. Returns how many rows';

CREATE OR REPLACE FUNCTION pgazure.drop_pipeline(name text, drop_tables text[] DEFAULT '{}')
RETURNS TABLE (result_table text, dropped boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target pgazure.pipeline := pgazure.require_pipeline(name);
    unknown text;
    each record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('pgazure.pipeline.' || target.name, 0));
    IF pgazure.is_running(target.pipeline_id) THEN
        RAISE EXCEPTION 'pipeline % is at work', target.name USING ERRCODE = 'object_in_use',
            HINT = format('SELECT pgazure.pause(%L), and try again when its batches are finished.', target.name);
    END IF;
    SELECT string_agg(u.name, ', ') INTO unknown FROM unnest(drop_tables) AS u (name)
    WHERE NOT EXISTS (
        SELECT FROM pgazure.result r WHERE r.pipeline_id = target.pipeline_id AND NOT r.past
            AND u.name IN (r.result_table, format('%s.%s', r.result_schema, r.result_table),
                format('%I.%I', r.result_schema, r.result_table)));
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'pipeline % has no results in %', target.name, unknown USING ERRCODE = 'undefined_table',
            HINT = (SELECT 'They are in ' || coalesce(string_agg(r.result_table, ', ' ORDER BY r.result_table), 'no table') || '.'
                FROM pgazure.result r WHERE r.pipeline_id = target.pipeline_id AND NOT r.past);
    END IF;
    EXECUTE format('DROP FUNCTION IF EXISTS pgazure.%I() CASCADE', 'capture_' || target.name);
    FOR each IN
        SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'v' AND (n.nspname, c.relname) IN (
            (target.source_schema, target.name || '_enriched'), ('pgazure', 'pending_' || target.name))
    LOOP
        EXECUTE format('DROP VIEW %I.%I', each.nspname, each.relname);
    END LOOP;
    EXECUTE format('DROP TABLE IF EXISTS pgazure.%I, pgazure.%I, pgazure.%I',
        'queue_' || target.name, 'changes_' || target.name, 'bundles_' || target.name);
    FOR each IN
        SELECT r.result_schema AS s, r.result_table AS t, r.past,
            r.past OR drop_tables && ARRAY[r.result_table, format('%s.%s', r.result_schema, r.result_table),
                format('%I.%I', r.result_schema, r.result_table)] AS named
        FROM pgazure.result r WHERE r.pipeline_id = target.pipeline_id ORDER BY 1, 2
    LOOP
        IF each.named THEN
            EXECUTE format('DROP TABLE IF EXISTS %I.%I', each.s, each.t);
        END IF;
        IF NOT each.past AND (each.named OR to_regclass(format('%I.%I', each.s, each.t)) IS NOT NULL) THEN
            result_table := format('%I.%I', each.s, each.t);
            dropped := each.named;
            RETURN NEXT;
        END IF;
    END LOOP;
    DELETE FROM pgazure.pipeline p WHERE p.pipeline_id = target.pipeline_id;
END
$$;
COMMENT ON FUNCTION pgazure.drop_pipeline(text, text[]) IS
    'Take a pipeline away: its triggers, queue, view and errors. Its result tables stay but for those that are named. Returns the tables and whether each is gone';
