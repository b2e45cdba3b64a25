-- What people ask of a pipeline in SQL: to try rows again, to have one enriched now, to search by meaning.

CREATE OR REPLACE FUNCTION pgazure.retry_failed(
    pipeline text,
    step text DEFAULT NULL,
    class text DEFAULT NULL,
    code text DEFAULT NULL,
    key jsonb DEFAULT NULL,
    OUT errors bigint,
    OUT rows bigint
)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    target pgazure.pipeline := pgazure.require_pipeline(retry_failed.pipeline);
    changes regclass;
    keys text;
BEGIN
    IF class IS NOT NULL AND class <> ALL (enum_range(NULL::pgazure.error_class)::text[]) THEN
        RAISE invalid_parameter_value USING MESSAGE = format('there is no class %s of errors', class),
            HINT = format('There are: %s.', array_to_string(enum_range(NULL::pgazure.error_class), ', '));
    END IF;
    changes := format('pgazure.%I', 'changes_' || pipeline)::regclass;
    SELECT string_agg(quote_ident(a.attname), ', ') INTO keys
    FROM pg_attribute a WHERE a.attrelid = changes AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'changed_at';
    EXECUTE format(
        'WITH forgotten AS (
            DELETE FROM pgazure.error e
            WHERE e.pipeline_id = $1 AND ($2 IS NULL OR e.step = $2) AND ($3 IS NULL OR e.class::text = $3)
                AND ($4 IS NULL OR e.code = $4) AND ($5 IS NULL OR e.key = $5)
            RETURNING e.key
        ), queued AS (
            INSERT INTO %1$s (%2$s)
            SELECT %2$s FROM (SELECT DISTINCT key FROM forgotten) AS f,
                LATERAL jsonb_populate_record(NULL::%1$s, f.key) AS k
        )
        SELECT count(*), count(DISTINCT key) FROM forgotten',
        changes, keys
    ) INTO errors, rows USING target.pipeline_id, step, class, code,
        -- Keys are kept as texts, whatever they are in the source.
        (SELECT jsonb_object_agg(k.name, k.value) FROM jsonb_each_text(retry_failed.key) AS k (name, value));
    IF rows > 0 THEN
        PERFORM pg_notify('pgazure', pipeline);
    END IF;
END
$$;
COMMENT ON FUNCTION pgazure.retry_failed(text, text, text, text, jsonb) IS
    'Queue rows with errors again, those of one step, class, code or key where it is given; return how many errors and rows';

CREATE OR REPLACE FUNCTION pgazure.enrich_now(source regclass, key jsonb) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pipeline text;
    changes regclass;
    columns text[];
    pipelines integer := 0;
BEGIN
    FOR pipeline IN
        SELECT p.name FROM pgazure.pipeline p
        WHERE to_regclass(format('%I.%I', p.source_schema, p.source_table)) = source
            AND to_regclass(format('pgazure.%I', 'changes_' || p.name)) IS NOT NULL
    LOOP
        changes := format('pgazure.%I', 'changes_' || pipeline)::regclass;
        SELECT array_agg(a.attname::text ORDER BY a.attnum) INTO columns
        FROM pg_attribute a
        WHERE a.attrelid = changes AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'changed_at';
        IF jsonb_typeof(key) <> 'object' AND cardinality(columns) = 1 THEN
            key := jsonb_build_object(columns[1], key);
        END IF;
        IF jsonb_typeof(key) <> 'object' OR key - columns <> '{}' OR NOT key ?& columns THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('the key of %s is %s', source, array_to_string(columns, ', ')),
                HINT = 'Write jsonb_build_object(''column'', value, …) with each of these columns.';
        END IF;
        -- Before everything that waits: a run takes what is due the longest.
        EXECUTE format(
            'INSERT INTO %1$s (%2$s, changed_at) SELECT %2$s, ''epoch'' FROM jsonb_populate_record(NULL::%1$s, $1)',
            changes, (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) AS c)
        ) USING key;
        PERFORM pg_notify('pgazure', pipeline);
        pipelines := pipelines + 1;
    END LOOP;
    IF pipelines = 0 THEN
        RAISE undefined_object USING MESSAGE = format('no pipeline enriches %s', source),
            HINT = 'Apply one first: pgazure apply.';
    END IF;
    RETURN pipelines;
END
$$;
COMMENT ON FUNCTION pgazure.enrich_now(regclass, jsonb) IS
    'Put a row before all that waits, in every pipeline over its table; return how many pipelines these are';

CREATE OR REPLACE FUNCTION pgazure.enrich_now(source regclass, key anyelement) RETURNS integer
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$ SELECT pgazure.enrich_now(source, to_jsonb(key)) $$;
COMMENT ON FUNCTION pgazure.enrich_now(regclass, anyelement) IS
    'Put the row of a key of one column before all that waits; return in how many pipelines';

CREATE OR REPLACE FUNCTION pgazure.enrich_now(source regclass, key text) RETURNS integer
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$ SELECT pgazure.enrich_now(source, to_jsonb(key)) $$;
COMMENT ON FUNCTION pgazure.enrich_now(regclass, text) IS
    'Put the row of a key of one column before all that waits; return in how many pipelines';

CREATE OR REPLACE FUNCTION pgazure.find_embed_step(pipeline text, step text) RETURNS pgazure.step
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found pgazure.step[];
    names text;
    target pgazure.pipeline := pgazure.require_pipeline(find_embed_step.pipeline);
BEGIN
    SELECT array_agg(s ORDER BY s.name), string_agg(s.name, ', ' ORDER BY s.name) INTO found, names
    FROM pgazure.step s
    WHERE s.pipeline_id = target.pipeline_id AND s.operation = 'embed'
        AND (find_embed_step.step IS NULL OR s.name = find_embed_step.step);
    IF found IS NULL THEN
        RAISE undefined_object USING MESSAGE = format('pipeline %s has no embed step%s', pipeline, ' ' || step),
            HINT = 'SELECT pipeline, step FROM pgazure.step_status WHERE operation = ''embed'' lists them.';
    ELSIF cardinality(found) > 1 THEN
        RAISE ambiguous_parameter USING MESSAGE = format('pipeline %s has several embed steps: %s', pipeline, names),
            HINT = 'Say which: step => ''name''.';
    END IF;
    RETURN found[1];
END
$$;
COMMENT ON FUNCTION pgazure.find_embed_step(text, text) IS 'The embed step of a pipeline, the one of that name where there are several';

CREATE OR REPLACE FUNCTION pgazure.search(pipeline text, vector real[], max_rows integer DEFAULT 10, step text DEFAULT NULL)
RETURNS TABLE (key jsonb, chunk_index integer, chunk_text text, similarity double precision)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found pgazure.step := pgazure.find_embed_step(search.pipeline, search.step);
    relation regclass := format('%I.%I', found.result_schema, found.result_table)::regclass;
    breadth text;
    keys text;
    kind text;
    near text;
BEGIN
    IF vector IS NULL OR cardinality(vector) <> found.dimensions THEN
        RAISE invalid_parameter_value USING MESSAGE = format(
            'the vectors of pipeline %s have %s dimensions, this one has %s', pipeline, found.dimensions, cardinality(vector)
        ), HINT = 'Make it with the deployment that embeds the rows.';
    END IF;
    -- Types and operators of pgvector are wherever the extension was installed.
    SELECT format_type(a.atttypid, NULL), format('OPERATOR(%I.<=>)', n.nspname) INTO kind, near
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE a.attrelid = relation AND a.attname = 'embedding';
    SELECT string_agg(quote_ident(a.attname), ', ') INTO keys
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = to_regclass(format('pgazure.%I', 'queue_' || search.pipeline)) AND i.indisprimary;
    -- A row may own several of the nearest chunks, and an HNSW index would stop at its own number of candidates.
    breadth := current_setting('hnsw.ef_search', true);
    PERFORM set_config('hnsw.ef_search', least(max_rows * 8, 1000)::text, true);
    RETURN QUERY EXECUTE format(
        'SELECT to_jsonb(k), b.chunk_index, b.chunk_text, 1 - b.distance
        FROM (
            SELECT DISTINCT ON (%1$s) n.* FROM (
                SELECT r.*, r.embedding %2$s $1::%3$s AS distance FROM %4$s r
                ORDER BY r.embedding %2$s $1::%3$s LIMIT $2 * 8
            ) AS n ORDER BY %1$s, n.distance
        ) AS b CROSS JOIN LATERAL (SELECT %5$s) AS k
        ORDER BY b.distance LIMIT $2',
        (SELECT string_agg('n.' || each, ', ') FROM string_to_table(keys, ', ') AS each), near, kind, relation,
        (SELECT string_agg('b.' || each, ', ') FROM string_to_table(keys, ', ') AS each)
    ) USING vector, max_rows;
    PERFORM set_config('hnsw.ef_search', coalesce(nullif(breadth, ''), '40'), true);
END
$$;
COMMENT ON FUNCTION pgazure.search(text, real[], integer, text) IS
    'Rows of a pipeline nearest to a vector, the best chunk of each, with the cosine similarity; key is to be joined with the source';

CREATE OR REPLACE FUNCTION pgazure.search(pipeline text, phrase text, max_rows integer DEFAULT 10, step text DEFAULT NULL)
RETURNS TABLE (key jsonb, chunk_index integer, chunk_text text, similarity double precision)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found pgazure.step := pgazure.find_embed_step(search.pipeline, search.step);
    embed jsonb;
    model text;
    vector real[];
BEGIN
    IF to_regproc('azure_openai.create_embeddings') IS NULL
        AND NOT EXISTS (SELECT FROM pg_proc WHERE proname = 'create_embeddings' AND pronamespace = to_regnamespace('azure_openai'))
    THEN
        RAISE feature_not_supported USING MESSAGE = 'the phrase cannot be embedded: this database has no azure_openai.create_embeddings',
            HINT = 'Run pgazure functions install, or pass the phrase''s vector.';
    END IF;
    SELECT each -> 'embed' INTO embed
    FROM pgazure.pipeline p, jsonb_array_elements(p.spec -> 'steps') AS each
    WHERE p.name = search.pipeline AND coalesce(each -> 'embed' ->> 'name', 'embed') = found.name AND each ? 'embed';
    model := embed ->> 'model';
    IF to_regprocedure('model_registry.model_list()') IS NOT NULL THEN
        -- There models go by aliases. One is there without being listed until another one takes its name.
        EXECUTE 'SELECT coalesce(
            (SELECT alias FROM model_registry.model_list() WHERE deployment_name = $1 ORDER BY alias <> $1, alias LIMIT 1),
            CASE WHEN $1 = ''text-embedding-3-small'' AND NOT EXISTS (
                SELECT FROM model_registry.model_list() WHERE alias = ''default-embedding''
            ) THEN ''default-embedding'' END
        )' INTO model USING model;
        IF model IS NULL THEN
            RAISE undefined_object USING MESSAGE = format(
                'the phrase cannot be embedded: no model has the deployment %s, which embeds the rows', embed ->> 'model'
            ), HINT = 'model_registry.model_list() shows the models; model_registry.model_add adds one.';
        END IF;
    END IF;
    EXECUTE 'SELECT azure_openai.create_embeddings($1, $2, dimensions => $3)' INTO vector
        -- A model that has one length takes none.
        USING model, phrase,
            CASE WHEN embed ->> 'model' <> 'text-embedding-ada-002' THEN (embed ->> 'dimensions')::integer END;
    RETURN QUERY SELECT * FROM pgazure.search(search.pipeline, vector, max_rows, search.step);
END
$$;
COMMENT ON FUNCTION pgazure.search(text, text, integer, text) IS
    'Rows of a pipeline nearest in meaning to a phrase, which azure_openai.create_embeddings embeds';
