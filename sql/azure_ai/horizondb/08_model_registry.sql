-- Models under names of one's own: each has an endpoint and a key, and may be kept to roles by name.

DO $$
BEGIN
    IF to_regnamespace('model_registry') IS NULL THEN
        CREATE SCHEMA model_registry;
        GRANT USAGE ON SCHEMA model_registry TO PUBLIC;
    END IF;
END
$$;
COMMENT ON SCHEMA model_registry IS 'Models of the functions, by alias; of pgazure, as HorizonDB has it.';

DO $$
BEGIN
    IF to_regrole('model_registry_manager') IS NULL THEN
        CREATE ROLE model_registry_manager NOLOGIN;
        COMMENT ON ROLE model_registry_manager IS 'May use every model of model_registry, and add, change and remove them.';
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        NULL;
    WHEN insufficient_privilege THEN
        RAISE WARNING 'role model_registry_manager is missing: models are for % alone to add', current_user
            USING HINT = 'Have a role with CREATEROLE create model_registry_manager, then install again.';
END
$$;

CREATE TABLE IF NOT EXISTS pgazure_bridge.models (
    alias text PRIMARY KEY CHECK (alias <> ''),
    endpoint text NOT NULL,
    deployment_name text NOT NULL CHECK (deployment_name <> ''),
    model_name text,
    api_version text,
    auth_type text NOT NULL CHECK (auth_type IN ('subscription-key', 'managed-identity')),
    endpoint_key text,
    is_restricted boolean NOT NULL DEFAULT false,
    CHECK (auth_type = 'managed-identity' OR endpoint_key <> '')
);
COMMENT ON TABLE pgazure_bridge.models IS 'Models of model_registry.';
COMMENT ON COLUMN pgazure_bridge.models.is_restricted IS 'Whether only the roles of model_users may use it.';
REVOKE ALL ON pgazure_bridge.models FROM PUBLIC;

CREATE OR REPLACE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pgazure_bridge.models
    FOR EACH STATEMENT EXECUTE FUNCTION pgazure_bridge.announce_settings();

CREATE TABLE IF NOT EXISTS pgazure_bridge.model_users (
    alias text REFERENCES pgazure_bridge.models ON UPDATE CASCADE ON DELETE CASCADE,
    role_name text,
    PRIMARY KEY (alias, role_name)
);
COMMENT ON TABLE pgazure_bridge.model_users IS 'Roles that may use a restricted model, and their members.';
REVOKE ALL ON pgazure_bridge.model_users FROM PUBLIC;

CREATE OR REPLACE FUNCTION pgazure_bridge.may_use_model(model pgazure_bridge.models, role name) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT NOT model.is_restricted
        OR EXISTS (
            SELECT FROM pgazure_bridge.model_users AS listed
            WHERE listed.alias = model.alias AND to_regrole(quote_ident(listed.role_name)) IS NOT NULL
                AND pg_has_role(role, to_regrole(quote_ident(listed.role_name)), 'USAGE')
        )
        OR (to_regrole('model_registry_manager') IS NOT NULL
            AND pg_has_role(role, to_regrole('model_registry_manager'), 'USAGE'));
END;
COMMENT ON FUNCTION pgazure_bridge.may_use_model(pgazure_bridge.models, name) IS 'Whether a role may use a model.';

-- SECURITY DEFINER: whoever calls a function must learn the deployment of a model, and never its key.
CREATE OR REPLACE FUNCTION pgazure_bridge.find_model(function text, argument text, alias text, role name) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    model pgazure_bridge.models;
    -- What the settings of azure_openai and azure_ml are for until a model of the name is added.
    managed text := CASE alias
        WHEN 'default-chat' THEN 'gpt-4.1'
        WHEN 'default-embedding' THEN 'text-embedding-3-small'
        WHEN 'default-reranker' THEN 'Cohere-rerank-v3.5'
    END;
BEGIN
    SELECT * INTO model FROM pgazure_bridge.models WHERE models.alias = find_model.alias;
    IF FOUND AND NOT pgazure_bridge.may_use_model(model, role) THEN
        RAISE EXCEPTION '%: PermissionDenied: role % may not use the model %', function, role, alias USING
            ERRCODE = 'insufficient_privilege',
            HINT = 'A member of model_registry_manager lets it in with model_registry.model_user_add.';
    ELSIF FOUND THEN
        RETURN jsonb_build_object(argument, model.deployment_name, 'alias', model.alias);
    ELSIF managed IS NOT NULL THEN
        RETURN jsonb_build_object(argument, managed);
    END IF;
    RAISE EXCEPTION '%: ModelNotFound: there is no model %', function, alias USING
        ERRCODE = 'undefined_object',
        HINT = 'model_registry.model_list() shows the models; model_registry.model_add adds one.';
END
$$;
COMMENT ON FUNCTION pgazure_bridge.find_model(text, text, text, name) IS
    'Deployment of a model under the name of an argument, and the model''s alias where it is registered.';

-- SECURITY DEFINER: the list is for every role, the table with its keys is not.
CREATE OR REPLACE FUNCTION pgazure_bridge.usable_models(role name) RETURNS TABLE(
    alias text,
    deployment_name text,
    model_name text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT models.alias, models.deployment_name, models.model_name FROM pgazure_bridge.models AS models
    WHERE pgazure_bridge.may_use_model(models, role);
END;
COMMENT ON FUNCTION pgazure_bridge.usable_models(name) IS 'Models that a role may use.';

CREATE OR REPLACE FUNCTION pgazure_bridge.check_model_endpoint(function text, endpoint text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    host text := pgazure_bridge.find_host(endpoint);
BEGIN
    IF host IS NULL THEN
        RAISE EXCEPTION '%: InvalidValue: the endpoint is no address of a service', function USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'An address is such as https://NAME.openai.azure.com, without user, query and fragment.';
    ELSIF NOT pgazure_bridge.is_allowed_host(host) THEN
        RAISE EXCEPTION '%: HostNotAllowed: a key may not be sent to %', function, host USING
            ERRCODE = 'insufficient_privilege',
            HINT = 'The owner of the functions adds hosts to the table pgazure_bridge.allowed_hosts.';
    END IF;
    RETURN endpoint;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.check_model_endpoint(text, text) IS 'The endpoint, if a key may be sent there.';

CREATE OR REPLACE FUNCTION pgazure_bridge.require_model(function text, alias text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pgazure_bridge.models WHERE models.alias = require_model.alias) THEN
        RAISE EXCEPTION '%: ModelNotFound: there is no model %', function, coalesce(alias, 'NULL') USING
            ERRCODE = 'undefined_object', HINT = 'model_registry.model_list_all() shows the models.';
    END IF;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.require_model(text, text) IS 'Raise an error where there is no such model.';

CREATE OR REPLACE FUNCTION model_registry.model_add(
    alias text,
    endpoint text,
    deployment_name text,
    model_name text,
    api_version text,
    auth_type text,
    endpoint_key text
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF alias IS NULL OR alias = '' OR deployment_name IS NULL OR deployment_name = '' THEN
        RAISE EXCEPTION 'model_registry.model_add: InvalidValue: alias and deployment_name are names'
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF auth_type IS NULL OR auth_type NOT IN ('subscription-key', 'managed-identity') THEN
        RAISE EXCEPTION 'model_registry.model_add: InvalidValue: auth_type is subscription-key or managed-identity'
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF auth_type = 'subscription-key' AND coalesce(endpoint_key, '') = '' THEN
        RAISE EXCEPTION 'model_registry.model_add: InvalidValue: endpoint_key is missing'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'With managed-identity it is NULL.';
    END IF;
    INSERT INTO pgazure_bridge.models AS models
        (alias, endpoint, deployment_name, model_name, api_version, auth_type, endpoint_key)
    VALUES (
        alias, pgazure_bridge.check_model_endpoint('model_registry.model_add', endpoint), deployment_name, model_name,
        api_version, auth_type, endpoint_key
    )
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'model_registry.model_add: ModelExists: there is a model % already', alias USING
            ERRCODE = 'duplicate_object', HINT = 'model_registry.model_update changes it.';
    END IF;
END
$$;
COMMENT ON FUNCTION model_registry.model_add(text, text, text, text, text, text, text) IS
    'Add a model; a NULL api_version is the newest, endpoint_key is NULL with managed-identity.';

CREATE OR REPLACE FUNCTION model_registry.model_remove(alias text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pgazure_bridge.require_model('model_registry.model_remove', alias);
    DELETE FROM pgazure_bridge.models WHERE models.alias = model_remove.alias;
END
$$;
COMMENT ON FUNCTION model_registry.model_remove(text) IS 'Remove a model.';

CREATE OR REPLACE FUNCTION model_registry.model_alias_update(alias text, new_alias text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pgazure_bridge.require_model('model_registry.model_alias_update', alias);
    UPDATE pgazure_bridge.models SET alias = new_alias WHERE models.alias = model_alias_update.alias;
END
$$;
COMMENT ON FUNCTION model_registry.model_alias_update(text, text) IS 'Give a model another alias.';

CREATE OR REPLACE FUNCTION model_registry.model_update(alias text, metadata jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unknown text;
BEGIN
    PERFORM pgazure_bridge.require_model('model_registry.model_update', alias);
    SELECT min(given.key) INTO unknown FROM jsonb_object_keys(metadata) AS given (key)
    WHERE given.key <> ALL (ARRAY['endpoint', 'auth_type', 'model_name', 'deployment_name', 'api_version']);
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'model_registry.model_update: InvalidKey: a model has no %', unknown USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'There are: api_version, auth_type, deployment_name, endpoint, model_name.';
    END IF;
    UPDATE pgazure_bridge.models SET
        endpoint = pgazure_bridge.check_model_endpoint(
            'model_registry.model_update', coalesce(metadata ->> 'endpoint', models.endpoint)),
        auth_type = coalesce(metadata ->> 'auth_type', models.auth_type),
        model_name = CASE WHEN metadata ? 'model_name' THEN metadata ->> 'model_name' ELSE models.model_name END,
        deployment_name = coalesce(metadata ->> 'deployment_name', models.deployment_name),
        api_version = CASE WHEN metadata ? 'api_version' THEN metadata ->> 'api_version' ELSE models.api_version END
    WHERE models.alias = model_update.alias;
END
$$;
COMMENT ON FUNCTION model_registry.model_update(text, jsonb) IS
    'Change a model: an object with any of api_version, auth_type, deployment_name, endpoint, model_name.';

CREATE OR REPLACE FUNCTION model_registry.model_key_update(alias text, endpoint_key text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pgazure_bridge.require_model('model_registry.model_key_update', alias);
    UPDATE pgazure_bridge.models SET endpoint_key = model_key_update.endpoint_key
    WHERE models.alias = model_key_update.alias;
END
$$;
COMMENT ON FUNCTION model_registry.model_key_update(text, text) IS 'Change the key of a model''s endpoint.';

CREATE OR REPLACE FUNCTION model_registry.model_list_all() RETURNS TABLE(
    alias text,
    endpoint text,
    deployment_name text,
    model_name text,
    api_version text,
    auth_type text,
    users text[]
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT models.alias, models.endpoint, models.deployment_name, models.model_name, models.api_version,
        models.auth_type,
        CASE WHEN models.is_restricted THEN ARRAY(
            SELECT listed.role_name FROM pgazure_bridge.model_users AS listed
            WHERE listed.alias = models.alias ORDER BY listed.role_name
        ) END
    FROM pgazure_bridge.models AS models
    ORDER BY models.alias;
END;
COMMENT ON FUNCTION model_registry.model_list_all() IS
    'All models; users is NULL where every role may use the model.';

CREATE OR REPLACE FUNCTION model_registry.model_list() RETURNS TABLE(
    alias text,
    deployment_name text,
    model_name text
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT usable.alias, usable.deployment_name, usable.model_name
    FROM pgazure_bridge.usable_models(CURRENT_USER) AS usable
    ORDER BY usable.alias;
END;
COMMENT ON FUNCTION model_registry.model_list() IS 'Models that the current role may use.';

CREATE OR REPLACE FUNCTION model_registry.model_user_set(alias text, users text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing text;
BEGIN
    PERFORM pgazure_bridge.require_model('model_registry.model_user_set', alias);
    SELECT given.name INTO missing FROM unnest(users) AS given (name)
    WHERE to_regrole(quote_ident(given.name)) IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'model_registry.model_user_set: UserNotFound: there is no role %', coalesce(missing, 'NULL')
            USING ERRCODE = 'undefined_object';
    END IF;
    UPDATE pgazure_bridge.models SET is_restricted = true WHERE models.alias = model_user_set.alias;
    DELETE FROM pgazure_bridge.model_users AS listed WHERE listed.alias = model_user_set.alias;
    INSERT INTO pgazure_bridge.model_users SELECT DISTINCT model_user_set.alias, given.name FROM unnest(users) AS given (name);
END
$$;
COMMENT ON FUNCTION model_registry.model_user_set(text, text[]) IS 'Keep a model to these roles.';

CREATE OR REPLACE FUNCTION model_registry.model_user_add(alias text, "user" text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM model_registry.model_user_set(alias, ARRAY(
        SELECT listed.role_name FROM pgazure_bridge.model_users AS listed WHERE listed.alias = model_user_add.alias
    ) || model_user_add."user");
END
$$;
COMMENT ON FUNCTION model_registry.model_user_add(text, text) IS 'Keep a model to the roles given so far and this one.';

CREATE OR REPLACE FUNCTION model_registry.model_user_remove(alias text, "user" text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pgazure_bridge.require_model('model_registry.model_user_remove', alias);
    DELETE FROM pgazure_bridge.model_users AS listed
    WHERE listed.alias = model_user_remove.alias AND listed.role_name = model_user_remove."user";
END
$$;
COMMENT ON FUNCTION model_registry.model_user_remove(text, text) IS
    'Take a model away from a role; where none is left, from all but the managers.';

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA model_registry FROM PUBLIC;
GRANT EXECUTE ON FUNCTION model_registry.model_list() TO PUBLIC;

DO $$
BEGIN
    IF to_regrole('model_registry_manager') IS NOT NULL THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON pgazure_bridge.models, pgazure_bridge.model_users
            TO model_registry_manager;
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA model_registry TO model_registry_manager;
        GRANT USAGE ON SCHEMA pgazure_bridge TO model_registry_manager;
        GRANT SELECT ON pgazure_bridge.allowed_hosts TO model_registry_manager;
    END IF;
END
$$;
