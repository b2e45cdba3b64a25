-- name: session_settings
-- A server waits for months and must notice within seconds that the network is gone, at both ends. Its plans are made
-- once, while the tables are next to empty, and must be right when they are full. It speaks the encoding of the
-- database, whatever its environment prefers: so it knows which answers the database can hold.
SELECT set_config(name, setting, false)
FROM (VALUES
    ('statement_timeout', '0'), ('lock_timeout', '0'), ('idle_session_timeout', '0'), ('transaction_timeout', '0'),
    ('synchronous_commit', 'off'), ('plan_cache_mode', 'force_generic_plan'), ('enable_seqscan', 'off'),
    ('client_encoding', current_setting('server_encoding')), ('default_transaction_read_only', 'off'),
    ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3')
) AS wanted (name, setting)
WHERE current_setting(name, true) IS NOT NULL;

-- name: installed
-- What is installed here, where the role may see it.
SELECT version, revision, edition, installed_at FROM pgazure_bridge.installation;

-- name: open_for_calls
-- Take a share of the lock that tells sessions that calls are answered.
SELECT pg_advisory_lock_shared(1885823355, 0);

-- name: close_for_calls
-- Give it back: sessions go to other servers, or are told at once that there is none.
SELECT pg_advisory_unlock_shared(1885823355, 0);

-- name: enter_server
-- Note this server, and forget those that are no more.
WITH gone AS (
    DELETE FROM pgazure_bridge.server
    WHERE server_pid NOT IN (SELECT pid FROM pg_stat_activity) OR server_pid = pg_backend_pid()
)
INSERT INTO pgazure_bridge.server (server_pid, host, process_id, version)
VALUES (%(server_pid)s, %(host)s, %(process_id)s, %(version)s)
ON CONFLICT (server_pid) DO UPDATE
SET host = excluded.host, process_id = excluded.process_id, version = excluded.version, started_at = now(),
    seen_at = now(), in_hand = 0, settled = 0, failed = 0;

-- name: leave_server
DELETE FROM pgazure_bridge.server WHERE server_pid = pg_backend_pid();

-- name: see_server
-- Note what this server has done.
UPDATE pgazure_bridge.server
SET seen_at = now(), in_hand = %(in_hand)s, settled = %(settled)s, failed = %(failed)s
WHERE server_pid = pg_backend_pid();

-- name: claim_announced
-- Take calls that were announced and that nobody else has taken; each is locked before anybody can see it taken.
UPDATE pgazure_bridge.request AS request
SET server_pid = pg_backend_pid()
FROM (
    SELECT request_id FROM pgazure_bridge.request
    WHERE request_id = ANY (%(numbers)s::text::bigint[]) AND server_pid IS NULL
    FOR UPDATE SKIP LOCKED
) AS due
WHERE request.request_id = due.request_id
RETURNING request.request_id AS number, request.function, request.arguments, request.retention,
    pg_try_advisory_lock(1885823354, (request.request_id & 2147483647)::integer) AS is_locked;

-- name: claim_waiting
-- Take all calls that nobody has taken: those that were announced before this server listened.
UPDATE pgazure_bridge.request AS request
SET server_pid = pg_backend_pid()
FROM (
    SELECT request_id FROM pgazure_bridge.request WHERE server_pid IS NULL FOR UPDATE SKIP LOCKED
) AS due
WHERE request.request_id = due.request_id
RETURNING request.request_id AS number, request.function, request.arguments, request.retention,
    pg_try_advisory_lock(1885823354, (request.request_id & 2147483647)::integer) AS is_locked;

-- name: settle
-- Each argument is one text, which takes a client a fifth of the time of an array; RS stands in no JSON.
CALL pgazure_bridge.settle(
    %(numbers)s::text::bigint[], string_to_array(%(answers)s::text, E'\x1e', ''),
    string_to_array(%(problems)s::text, E'\x1e', '')
);

-- name: write_vectors
-- Vectors of a call before it is settled: all numbers in one array, and the places of the texts that have some.
INSERT INTO pgazure_bridge.vector (request_id, place, vector)
SELECT %(number)s::bigint, text.place, together.numbers[(text.nth - 1) * %(length)s + 1 : text.nth * %(length)s]
FROM (SELECT %(numbers)b::real[] AS numbers) AS together
CROSS JOIN unnest(%(places)s::integer[]) WITH ORDINALITY AS text (place, nth)
ON CONFLICT (request_id, place) DO UPDATE SET vector = excluded.vector;

-- name: release
-- Let go of the locks of calls that nobody waits for.
SELECT pg_advisory_unlock(1885823354, (number & 2147483647)::integer) FROM unnest(%(numbers)s::bigint[]) AS number;

-- name: keep_answers
-- Put answers into the cache, under the keys that the functions look for.
INSERT INTO pgazure_bridge.cache (key, place, answer, expires_at)
SELECT DISTINCT ON (kept.key) kept.key, %(place)s::text, kept.answer, now() + %(retention)s::interval
FROM (
    SELECT pgazure_bridge.cache_key(
            %(function)s::text, %(options)s::jsonb || jsonb_build_object(%(subject)s::text, given.text)
        ) AS key,
        given.answer
    FROM unnest(%(texts)b::text[], %(answers)b::text[]) AS given (text, answer)
) AS kept
ORDER BY kept.key
ON CONFLICT (key) DO UPDATE
SET place = excluded.place, answer = excluded.answer, expires_at = excluded.expires_at;

-- name: note_places
-- Say where the functions of each schema are answered from now.
INSERT INTO pgazure_bridge.place (schema_name, place)
SELECT schema_name, place FROM unnest(%(schemas)s::text[], %(places)s::text[]) AS told (schema_name, place)
ON CONFLICT (schema_name) DO UPDATE SET place = excluded.place WHERE place.place <> excluded.place;

-- name: still_wanted
-- Which of these calls somebody still waits for.
SELECT request_id FROM pgazure_bridge.request WHERE request_id = ANY (%(numbers)s::bigint[]);

-- name: sweep_requests
-- Remove calls whose session has ended without a word, and answers that were read long ago.
DELETE FROM pgazure_bridge.request
WHERE session_pid NOT IN (SELECT pid FROM pg_stat_activity) OR settled_at < clock_timestamp() - interval '1 minute';

-- name: sweep_vectors
-- Remove vectors whose call is gone.
DELETE FROM pgazure_bridge.vector WHERE request_id NOT IN (SELECT request_id FROM pgazure_bridge.request);

-- name: sweep_cache
-- Remove answers that are kept no longer, or come from where nobody asks any more.
DELETE FROM pgazure_bridge.cache
WHERE expires_at <= now() OR place NOT IN (SELECT place FROM pgazure_bridge.place);

-- name: read_settings
-- The settings of the services, and where a key may be sent to.
SELECT settings.key, settings.value,
    pgazure_bridge.is_allowed_host(pgazure_bridge.find_host(settings.value)) AS is_allowed
FROM azure_ai.settings;

-- name: has_models
SELECT to_regclass('pgazure_bridge.models') IS NOT NULL AS present;

-- name: read_models
-- The registered models, and whether a key may be sent to their endpoints.
SELECT alias, endpoint, api_version, auth_type, endpoint_key,
    pgazure_bridge.is_allowed_host(pgazure_bridge.find_host(endpoint)) AS is_allowed
FROM pgazure_bridge.models;
