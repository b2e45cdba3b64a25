-- name: fix_search_path
-- First of all: names are those of pg_catalog, whatever the role or the database has set.
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false);

-- name: installation_lock
-- One installer at a time.
SELECT pg_advisory_xact_lock(1885823356, 0);

-- name: survey
-- What stands in the way of an installation, or is there already.
SELECT
    EXISTS (SELECT FROM pg_extension WHERE extname = 'azure_ai') AS has_extension,
    current_setting('server_encoding') = 'SQL_ASCII' AS has_no_encoding,
    -- Found without a right on the schema, which others have not.
    EXISTS (
        SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = 'pgazure_bridge' AND relname = 'installation'
    ) AS is_installed,
    (SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
        WHERE extname = 'dblink') AS dblink_schema,
    EXISTS (SELECT FROM pg_available_extensions WHERE name = 'dblink') AS has_dblink,
    -- Others than the functions' owner: one that lies in a schema of theirs is nobody else's.
    EXISTS (
        SELECT FROM pg_proc JOIN pg_depend ON classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e'
        JOIN pg_extension ON refclassid = 'pg_extension'::regclass AND refobjid = pg_extension.oid
        WHERE extname = 'dblink' AND proname = 'dblink_connect'
            AND has_function_privilege('public', pg_proc.oid, 'EXECUTE')
            AND has_schema_privilege('public', pronamespace, 'USAGE')
    ) AS is_dblink_public,
    ARRAY(SELECT quote_ident(pubname) FROM pg_publication WHERE puballtables ORDER BY pubname) AS publications,
    ARRAY(
        SELECT nspname::text FROM pg_namespace
        WHERE nspname = ANY (%(schemas)s::text[]) ORDER BY nspname
    ) AS schemas,
    current_user::text AS role_name,
    current_database()::text AS database,
    (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database_id,
    has_database_privilege(current_database(), 'CREATE') AS may_create_schema,
    -- The schema of the pipelines, to which a function is added.
    (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'pgazure') AS helper_owner,
    (
        SELECT has_schema_privilege(oid, 'CREATE') AND has_schema_privilege(oid, 'USAGE')
        FROM pg_namespace WHERE nspname = 'pgazure'
    ) AS may_create_helper;

-- name: schema_owner
-- Whether the current role owns what is installed.
SELECT pg_has_role(current_user, nspowner, 'USAGE') AS is_owner, nspowner::regrole::text AS owner
FROM pg_namespace WHERE nspname = 'pgazure_bridge';

-- name: create_dblink_schema
-- A schema that nobody else may use, so that no session touches the connection of the functions.
CREATE SCHEMA pgazure_dblink;

-- name: create_dblink
CREATE EXTENSION dblink WITH SCHEMA pgazure_dblink;

-- name: missing_dblink_grants
-- What the current role may not do with a dblink that others have created, as it is granted.
SELECT format('USAGE ON SCHEMA %%I', namespace.nspname) AS wanted
FROM pg_extension AS extension JOIN pg_namespace AS namespace ON namespace.oid = extension.extnamespace
WHERE extension.extname = 'dblink' AND NOT has_schema_privilege(namespace.oid, 'USAGE')
UNION ALL
SELECT format('EXECUTE ON FUNCTION %%s', string_agg(format('%%I.%%s', namespace.nspname, signature), ', ' ORDER BY signature))
FROM pg_extension AS extension
JOIN pg_namespace AS namespace ON namespace.oid = extension.extnamespace
CROSS JOIN unnest(ARRAY[
    'dblink(text, text)', 'dblink_cancel_query(text)', 'dblink_connect(text, text)', 'dblink_disconnect(text)',
    'dblink_get_connections()', 'dblink_get_result(text, boolean)', 'dblink_is_busy(text)'
]) AS signature
JOIN pg_proc AS proc ON proc.pronamespace = namespace.oid
    AND format('%%s(%%s)', proc.proname, pg_get_function_identity_arguments(proc.oid)) = signature
WHERE extension.extname = 'dblink' AND NOT has_function_privilege(proc.oid, 'EXECUTE')
HAVING count(*) > 0;

-- name: drop_dblink
DROP SCHEMA IF EXISTS pgazure_dblink CASCADE;

-- name: drop_transient
-- What another protocol may have left: nothing of it outlives a call.
DROP TABLE IF EXISTS pgazure_bridge.request, pgazure_bridge.vector, pgazure_bridge.server, pgazure_bridge.cache, pgazure_bridge.place;

-- name: drop_exchange
-- The functions with which another protocol hands in calls: they are not replaced where they return something else.
DROP ROUTINE IF EXISTS pgazure_bridge.submit(text, text, interval), pgazure_bridge.resubmit(bigint),
    pgazure_bridge.await(bigint), pgazure_bridge.hand_in(text, text), pgazure_bridge.fetch(bigint, boolean),
    pgazure_bridge.fetch_vectors(bigint, integer);

-- name: dependents
-- What others have made of the functions and types, and would go with them.
WITH RECURSIVE ours (classid, objid) AS (
    SELECT 'pg_namespace'::regclass::oid, oid FROM pg_namespace WHERE nspname = ANY (%(schemas)s::text[])
    UNION
    SELECT depend.classid, depend.objid
    FROM pg_depend AS depend
    JOIN ours ON depend.refclassid = ours.classid AND depend.refobjid = ours.objid
    WHERE depend.deptype IN ('i', 'a') OR depend.refclassid = 'pg_namespace'::regclass
)
SELECT DISTINCT pg_describe_object(depend.classid, depend.objid, depend.objsubid) AS description
FROM pg_depend AS depend
JOIN ours ON depend.refclassid = ours.classid AND depend.refobjid = ours.objid
WHERE (depend.classid, depend.objid) NOT IN (SELECT classid, objid FROM ours)
ORDER BY description;

-- name: drop_schemas
DROP SCHEMA IF EXISTS {schemas} CASCADE;

-- name: drop_helpers
DROP FUNCTION IF EXISTS pgazure.prefetch(text, text[], jsonb, interval);

-- name: is_schema_left
-- Whether the schema pgazure holds nothing more and is the current role's.
SELECT pg_has_role(nspowner, 'USAGE') AND NOT EXISTS (
        SELECT FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = pg_namespace.oid
    ) AS is_left
FROM pg_namespace WHERE nspname = 'pgazure';

-- name: role_comment
-- What the installation says of a role that it has created.
SELECT shobj_description(oid, 'pg_authid') AS comment FROM pg_roles WHERE rolname = %(name)s;

-- name: addresses
-- Where the server listens: what this role may know of it.
SELECT (SELECT setting FROM pg_settings WHERE name = 'unix_socket_directories') AS sockets,
    current_setting('port') AS port, host(inet_server_addr()) AS address;

-- name: may_connect_unchecked
-- Whether the current role may open connections without a password.
SELECT coalesce(bool_and(has_function_privilege(oid, 'EXECUTE')), false) AS allowed
FROM pg_proc WHERE proname = 'dblink_connect_u';

-- name: loopback
SELECT conninfo, is_unchecked, role_name FROM pgazure_bridge.loopback;

-- name: set_loopback
-- The seal stays: it is a secret of this installation.
INSERT INTO pgazure_bridge.loopback (conninfo, is_unchecked, role_name)
VALUES (%(conninfo)s, %(is_unchecked)s, %(role_name)s)
ON CONFLICT (is_only) DO UPDATE
SET conninfo = excluded.conninfo, is_unchecked = excluded.is_unchecked, role_name = excluded.role_name;

-- name: try_loopback
-- Connect as the functions will, and look who is there.
SELECT pgazure_bridge.try_loopback(%(conninfo)s, %(is_unchecked)s) AS role_name;

-- name: role_exists
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %(name)s) AS present;

-- name: create_role
CREATE ROLE {role} LOGIN NOINHERIT PASSWORD {password};

-- name: change_role
ALTER ROLE {role} LOGIN PASSWORD {password};

-- name: grant_exchange
GRANT USAGE ON SCHEMA pgazure_bridge TO {role};
GRANT EXECUTE ON ROUTINE pgazure_bridge.submit(text, text, interval), pgazure_bridge.fetch(boolean),
    pgazure_bridge.abandon(), pgazure_bridge.settle_in(), pgazure_bridge.fetch_vectors(integer) TO {role};

-- name: drop_role
DROP ROLE {role};

-- name: record_installation
INSERT INTO pgazure_bridge.installation (version, revision, edition, owns_dblink)
VALUES (%(version)s, %(revision)s, %(edition)s, %(owns_dblink)s)
ON CONFLICT (is_only) DO UPDATE
SET version = excluded.version, revision = excluded.revision, edition = excluded.edition, installed_at = now();

-- name: status
-- Calls by state, kept answers, servers.
SELECT
    (SELECT count(*) FROM pgazure_bridge.request WHERE server_pid IS NULL) AS waiting,
    (SELECT count(*) FROM pgazure_bridge.request WHERE server_pid IS NOT NULL AND settled_at IS NULL) AS in_hand,
    (SELECT count(*) FROM pgazure_bridge.request WHERE settled_at IS NOT NULL) AS settled,
    (SELECT count(*) FROM pgazure_bridge.cache WHERE expires_at > now()) AS kept,
    (SELECT extract(epoch FROM now() - min(submitted_at))::double precision FROM pgazure_bridge.request
        WHERE settled_at IS NULL) AS oldest_seconds,
    pgazure_bridge.is_served() AS is_served;

-- name: servers
-- Servers that live, by their connections.
SELECT server_pid, host, process_id, version, started_at, seen_at, in_hand, settled, failed
FROM pgazure_bridge.server
WHERE server_pid IN (SELECT pid FROM pg_stat_activity)
ORDER BY started_at;

-- name: drop_empty_schema
DROP SCHEMA IF EXISTS pgazure;
