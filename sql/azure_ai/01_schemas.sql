-- The schemas that the extension has, open to every role as they are there; what is in them may be taken away from
-- roles by name. A schema that is here already keeps the rights that it has.
--
-- All files are for one transaction. Names in the bodies are looked up here, once and for all: in pg_catalog, as the
-- installer's session has it, so that nobody's function of the same name in another schema gets in between.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['azure_ai', 'azure_cognitive', 'azure_ml', 'azure_openai'] LOOP
        IF to_regnamespace(name) IS NULL THEN
            EXECUTE format('CREATE SCHEMA %I', name);
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', name);
        END IF;
    END LOOP;
END
$$;

COMMENT ON SCHEMA azure_ai IS
    'Settings, and chat models that write, judge, extract and rank; of pgazure, as the extension azure_ai has it.';
COMMENT ON SCHEMA azure_cognitive IS
    'Azure AI Language and Translator; of pgazure, as the extension azure_ai has it.';
COMMENT ON SCHEMA azure_ml IS
    'Endpoints of Azure Machine Learning; of pgazure, as the extension azure_ai has it.';
COMMENT ON SCHEMA azure_openai IS
    'Vectors from Azure OpenAI; of pgazure, as the extension azure_ai has it.';

-- Roles belong to the whole server: this one may be here from another database, or be beyond the installer's rights.
DO $$
BEGIN
    IF to_regrole('azure_ai_settings_manager') IS NULL THEN
        CREATE ROLE azure_ai_settings_manager NOLOGIN;
        COMMENT ON ROLE azure_ai_settings_manager IS 'May read and change the settings of azure_ai, keys included.';
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        NULL;
    WHEN insufficient_privilege THEN
        RAISE WARNING 'role azure_ai_settings_manager is missing: settings are for % alone', current_user
            USING HINT = 'Have a role with CREATEROLE create azure_ai_settings_manager, then install again.';
END
$$;
