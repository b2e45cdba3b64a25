-- The same functions under the names of HorizonDB, in schema ai, where nobody else has that schema.
DO $ai$
DECLARE
    function record;
    ours CONSTANT text := 'Pipelines of pgazure, under the names of HorizonDB';
BEGIN
    IF to_regnamespace('ai') IS NULL THEN
        BEGIN
            CREATE SCHEMA ai;
        EXCEPTION WHEN insufficient_privilege THEN
            RETURN;
        END;
        EXECUTE format('COMMENT ON SCHEMA ai IS %L', ours);
    ELSIF obj_description(to_regnamespace('ai'), 'pg_namespace') IS DISTINCT FROM ours
        OR NOT has_schema_privilege('ai', 'CREATE')
    THEN
        RETURN;
    END IF;
    FOR function IN
        SELECT p.oid, p.proname FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = 'pgazure'::regnamespace AND p.proname IN (
            'table_source', 'table_sink', 'chunk', 'embed', 'extract', 'generate', 'is_true', 'rank', 'invoke',
            'detect_language', 'analyze_sentiment', 'extract_key_phrases', 'recognize_entities', 'linked_entities',
            'recognize_pii_entities', 'translate', 'summarize_extractive', 'summarize_abstractive', 'step',
            'create_pipeline', 'explain', 'run', 'status', 'pause', 'resume', 'backfill', 'drop_pipeline', 'list_pipelines')
    LOOP
        EXECUTE replace(pg_get_functiondef(function.oid), 'FUNCTION pgazure.', 'FUNCTION ai.');
    END LOOP;
END
$ai$;
