-- How a function reaches the server: over a second connection of the database to itself, whose transactions are its
-- own, so that a call can be seen, answered and given up while the caller's statement runs.
--
-- SECURITY DEFINER, because the loopback connection, the cache and the seal are for nobody but the owner.
-- PARALLEL UNSAFE, because a parallel worker has neither the connection nor subtransactions.

CREATE OR REPLACE FUNCTION pgazure_bridge.dial(line text, conninfo text, is_unchecked boolean) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF conninfo LIKE '%=%' THEN
        conninfo := format(
            E'%s dbname=\'%s\' application_name=pgazure_bridge connect_timeout=10', conninfo,
            replace(replace(current_database(), E'\\', E'\\\\'), '''', E'\\\'')
        );
    END IF;
    IF is_unchecked THEN
        PERFORM dblink_connect_u(line, conninfo);
    ELSE
        PERFORM dblink_connect(line, conninfo);
    END IF;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.dial(text, text, boolean) IS
    'Open a connection of this database to itself; to this one even where the functions were copied with a template.';

CREATE OR REPLACE FUNCTION pgazure_bridge.try_loopback(conninfo text, is_unchecked boolean) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    line constant text := 'pgazure_trial';
    found record;
BEGIN
    PERFORM pgazure_bridge.dial(line, conninfo, is_unchecked);
    SELECT * INTO found FROM dblink(
        line, 'SELECT current_user, oid, pg_is_in_recovery() FROM pg_database WHERE datname = current_database()'
    ) AS trial (role_name text, database oid, is_copy boolean);
    PERFORM dblink_disconnect(line);
    IF found.database <> (SELECT oid FROM pg_database WHERE datname = current_database()) OR found.is_copy THEN
        RAISE EXCEPTION 'the connection leads to another database' USING ERRCODE = 'connection_exception';
    END IF;
    RETURN found.role_name;
EXCEPTION
    WHEN OTHERS THEN
        IF line = ANY (dblink_get_connections()) THEN
            PERFORM dblink_disconnect(line);
        END IF;
        RAISE;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.try_loopback(text, boolean) IS
    'Connect to this database once, and return the role that is then current.';

CREATE OR REPLACE FUNCTION pgazure_bridge.connect(line text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    loopback pgazure_bridge.loopback;
BEGIN
    SELECT * INTO loopback FROM pgazure_bridge.loopback;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the database does not know how to connect to itself' USING ERRCODE = 'connection_exception';
    END IF;
    PERFORM pgazure_bridge.dial(line, loopback.conninfo, loopback.is_unchecked);
    PERFORM FROM dblink(line, 'SELECT pgazure_bridge.settle_in()') AS done (nothing text);
END
$$;
COMMENT ON FUNCTION pgazure_bridge.connect(text) IS 'Open the loopback connection of this session.';

CREATE OR REPLACE FUNCTION pgazure_bridge.hand_in(
    line text, statements text, OUT number bigint, OUT state text, OUT answer text, OUT problems text
) RETURNS record
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF line = ANY (dblink_get_connections()) THEN
        BEGIN
            SELECT * INTO number, state, answer, problems
            FROM dblink(line, statements) AS told (number bigint, state text, answer text, problems text);
            RETURN;
        EXCEPTION
            -- Its session may have ended since the last call; what is really wrong shows on a new one.
            WHEN OTHERS THEN
                PERFORM dblink_disconnect(line);
        END;
    END IF;
    PERFORM pgazure_bridge.connect(line);
    SELECT * INTO number, state, answer, problems
    FROM dblink(line, statements) AS told (number bigint, state text, answer text, problems text);
END
$$;
COMMENT ON FUNCTION pgazure_bridge.hand_in(text, text) IS
    'Send statements that hand in a call and fetch over the loopback connection, which is opened where it is not.';

CREATE OR REPLACE FUNCTION pgazure_bridge.give_up(line text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = error
AS $$
BEGIN
    FOR attempt IN 1 .. 3 LOOP
        BEGIN
            -- The lock may be granted in the very moment in which the wait for it ends.
            PERFORM pg_advisory_unlock_shared(1885823354, objid::integer) FROM pg_locks
            WHERE pid = pg_backend_pid() AND locktype = 'advisory' AND classid = 1885823354 AND granted;
            IF dblink_is_busy(line) = 1 THEN
                PERFORM dblink_cancel_query(line);
            END IF;
            -- What is left of the statements that hand in a call, where these were cut short.
            FOR each IN 1 .. 5 LOOP
                PERFORM FROM dblink_get_result(line, false) AS rest (status text);
            END LOOP;
            PERFORM FROM dblink(line, 'SELECT pgazure_bridge.abandon()') AS done (nothing text);
            RETURN;
        EXCEPTION
            -- Cancelled again: before PostgreSQL 18 the signal is sent twice, and people press Ctrl-C more than once.
            WHEN query_canceled THEN
                NULL;
        END;
    END LOOP;
    PERFORM dblink_disconnect(line);
EXCEPTION
    WHEN OTHERS THEN
        IF line = ANY (dblink_get_connections()) THEN
            PERFORM dblink_disconnect(line);
        END IF;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.give_up(text) IS 'Take back what was handed in, and have the server stop too.';

-- The session sleeps until the server lets go of the lock of its call: no look-up in between, and no limit but the
-- statement's own.
CREATE OR REPLACE FUNCTION pgazure_bridge.exchange(
    function text, arguments text, retention interval, OUT answer text, OUT problems jsonb, OUT number bigint
) RETURNS record
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = 0
AS $$
DECLARE
    line constant text := 'pgazure_bridge';
    -- A call is committed before it is asked for.
    statements constant text := format(
        'BEGIN; CALL pgazure_bridge.submit(%L, %L, %L); COMMIT; SELECT * FROM pgazure_bridge.fetch(false)',
        function, arguments, retention
    );
    -- After so many servers that died with it, a call is taken for the reason.
    most_losses constant integer := 3;
    losses integer := 0;
    reply record;
    said text;
    reason text;
BEGIN
    BEGIN
        LOOP
            reply := pgazure_bridge.hand_in(line, statements);
            WHILE reply.state IN ('in hand', 'waiting') LOOP
                IF reply.state = 'in hand' THEN
                    PERFORM pg_advisory_lock_shared(1885823354, (reply.number & 2147483647)::integer),
                        pg_advisory_unlock_shared(1885823354, (reply.number & 2147483647)::integer);
                    -- Whatever the number, it is the answer to this question. A transaction that sees only what was
                    -- there when it began finds none.
                    SELECT call.request_id, call.answer, call.problems INTO number, answer, problems
                    FROM pgazure_bridge.request AS call
                    WHERE call.request_id = reply.number AND call.settled_at IS NOT NULL
                        AND call.function = exchange.function AND call.arguments = exchange.arguments;
                    IF FOUND THEN
                        RETURN;
                    END IF;
                END IF;
                SELECT * INTO reply
                FROM dblink(line, format('SELECT * FROM pgazure_bridge.fetch(%L)', reply.state = 'in hand'))
                    AS told (number bigint, state text, answer text, problems text);
            END LOOP;
            CASE reply.state
                WHEN 'settled' THEN
                    answer := reply.answer;
                    problems := reply.problems;
                    RETURN;
                WHEN 'lost' THEN
                    losses := losses + 1;
                    IF losses >= most_losses THEN
                        RAISE EXCEPTION '%: ServerLost: % servers have ended while they had this call in hand',
                            function, losses
                            USING ERRCODE = 'ZA003', HINT = 'The log of pgazure functions serve says why.';
                    END IF;
                WHEN 'unserved' THEN
                    RAISE EXCEPTION '%: NoServer: no process answers the functions of this database', function
                        USING ERRCODE = 'ZA002',
                        HINT = 'Start one: pgazure functions serve, with --dsn or PGAZURE_DSN for this database.';
                ELSE
                    RAISE EXCEPTION '%: CallLost: the call was removed before it was answered', function
                        USING ERRCODE = 'ZA003',
                        HINT = 'Call again: the functions may have been installed anew meanwhile.';
            END CASE;
        END LOOP;
    EXCEPTION
        WHEN query_canceled OR deadlock_detected THEN
            PERFORM pgazure_bridge.give_up(line);
            RAISE;
        WHEN connection_exception OR insufficient_privilege THEN
            GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, reason = PG_EXCEPTION_DETAIL;
            RAISE EXCEPTION '%: NoConnection: the session has no second connection to its database', function
                USING ERRCODE = 'ZA004', DETAIL = coalesce(nullif(reason, ''), said),
                HINT = 'Each session that calls needs one: see max_connections. Where the database has moved or was '
                    'restored from a dump, run pgazure functions install.';
    END;
EXCEPTION
    -- A second signal may come before the first has been dealt with.
    WHEN query_canceled THEN
        PERFORM pgazure_bridge.give_up(line);
        RAISE;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.exchange(text, text, interval) IS
    'Send a call to a server and wait for its answer; a call whose server dies goes to another one. The number is NULL where only the loopback connection sees the answer.';

CREATE OR REPLACE FUNCTION pgazure_bridge.cache_key(function text, arguments jsonb) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT sha256(convert_to(function || ' ' || jsonb_strip_nulls(arguments - ARRAY[
        'batch_size', 'disable_service_logs', 'timeout_ms', 'throw_on_error', 'max_attempts', 'retry_delay_ms'
    ])::text, getdatabaseencoding()));
END;
COMMENT ON FUNCTION pgazure_bridge.cache_key(text, jsonb) IS
    'Key of the answer for one text: all arguments but those that say how to call.';

-- As many elements as texts have an answer now: what the function for many texts makes of them is counted alone.
CREATE OR REPLACE FUNCTION pgazure_bridge.fill_cache(function text, arguments jsonb, retention interval) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := CASE WHEN arguments ? 'text' THEN 'text' ELSE 'input' END;
    missing text[];
    known integer;
    exchanged record;
BEGIN
    SELECT coalesce(array_agg(given.text ORDER BY given.place) FILTER (WHERE cache.key IS NULL), '{}'),
        count(cache.key)
    INTO missing, known
    FROM (
        SELECT text, min(place) AS place
        FROM jsonb_array_elements_text(arguments -> name) WITH ORDINALITY AS each (text, place)
        WHERE text <> ''
        GROUP BY text
    ) AS given
    LEFT JOIN (
        pgazure_bridge.cache
        JOIN pgazure_bridge.place USING (place)
    ) ON cache.key = pgazure_bridge.cache_key(function, arguments || jsonb_build_object(name, given.text))
        AND cache.expires_at > clock_timestamp() AND place.schema_name = split_part(function, '.', 1);
    IF missing <> '{}' THEN
        exchanged := pgazure_bridge.exchange(
            function, (arguments || jsonb_build_object(name, missing, 'throw_on_error', true))::text, retention
        );
        PERFORM pgazure_bridge.report(exchanged.problems);
        known := known + exchanged.answer::integer;
    END IF;
    RETURN to_jsonb(array_fill(NULL::text, ARRAY[known]));
END
$$;
COMMENT ON FUNCTION pgazure_bridge.fill_cache(text, jsonb, interval) IS
    'Have those texts answered that have no answer in the cache.';

CREATE OR REPLACE FUNCTION pgazure_bridge.call(function text, arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    subject jsonb := coalesce(
        arguments -> 'text', arguments -> 'input', arguments -> 'prompt', arguments -> 'statement',
        arguments -> 'document', arguments -> 'query', arguments -> 'input_data'
    );
    request text := arguments::text;
    -- The same call gives the same result: what the session was told last is used again in its transaction, so that
    -- (f(x)).a and (f(x)).b are one call. What a chat model writes may differ, and is asked for each time.
    is_repeatable boolean := function LIKE 'azure\_cognitive.%' OR function LIKE 'azure\_openai.%';
    memory text := 'pgazure_bridge.answer_' || (hashtext(function || request) & 15);
    seal text;
    remembered text;
    told text;
    exchanged record;
    retention interval;
BEGIN
    IF subject IS NULL OR jsonb_typeof(subject) = 'null' THEN
        RETURN NULL;
    ELSIF subject = '[]' AND function LIKE 'azure\_cognitive.%' THEN
        RETURN subject;
    END IF;
    retention := nullif(current_setting('pgazure_bridge.retention', true), '')::interval;
    IF retention IS NOT NULL AND is_repeatable AND jsonb_typeof(subject) = 'array' THEN
        RETURN pgazure_bridge.fill_cache(function, arguments, retention);
    END IF;
    IF is_repeatable THEN
        seal := (SELECT loopback.seal FROM pgazure_bridge.loopback) || function || request;
        remembered := current_setting(memory, true);
        IF remembered <> '' THEN
            told := substr(remembered, 65);
            IF left(remembered, 64) = pgazure_bridge.mark(seal || told) THEN
                RETURN nullif(told::jsonb, 'null');
            END IF;
        END IF;
    END IF;
    IF jsonb_typeof(subject) = 'string' THEN
        SELECT cache.answer INTO told
        FROM pgazure_bridge.cache
        JOIN pgazure_bridge.place USING (place)
        WHERE cache.key = pgazure_bridge.cache_key(function, arguments) AND cache.expires_at > clock_timestamp()
            AND place.schema_name = split_part(function, '.', 1);
        IF FOUND THEN
            RETURN told::jsonb;
        END IF;
    END IF;
    exchanged := pgazure_bridge.exchange(function, request, NULL);
    IF exchanged.problems IS NOT NULL THEN
        PERFORM pgazure_bridge.report(exchanged.problems);
    END IF;
    told := coalesce(exchanged.answer, 'null');
    IF is_repeatable AND length(told) < 1048576 THEN
        PERFORM set_config(memory, pgazure_bridge.mark(seal || told) || told, true);
    END IF;
    RETURN nullif(told::jsonb, 'null');
END
$$;
COMMENT ON FUNCTION pgazure_bridge.call(text, jsonb) IS
    'Answer a call of a function: from what this transaction was told, from the cache, from a server.';

CREATE OR REPLACE FUNCTION pgazure_bridge.call_for_vectors(function text, arguments jsonb) RETURNS SETOF real[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    line constant text := 'pgazure_bridge';
    count integer := jsonb_array_length(nullif(arguments -> 'input', 'null'));
    retention interval := nullif(current_setting('pgazure_bridge.retention', true), '')::interval;
    exchanged record;
BEGIN
    IF count IS NULL OR count = 0 THEN
        RETURN;
    ELSIF retention IS NOT NULL THEN
        RETURN QUERY
            SELECT NULL::real[] FROM jsonb_array_elements(pgazure_bridge.fill_cache(function, arguments, retention));
        RETURN;
    END IF;
    exchanged := pgazure_bridge.exchange(function, (arguments || '{"form": "vectors"}')::text, NULL);
    PERFORM pgazure_bridge.report(exchanged.problems);
    IF exchanged.number IS NULL THEN
        RETURN QUERY
            SELECT fetched.vector
            FROM dblink(line, format('SELECT * FROM pgazure_bridge.fetch_vectors(%s)', count))
                AS fetched (vector real[]);
        RETURN;
    END IF;
    -- A copy of each, as what lies there may be removed before it is read.
    RETURN QUERY
        SELECT CASE WHEN vector.vector IS NOT NULL THEN vector.vector || '{}'::real[] END
        FROM generate_series(1, count) AS text (place)
        LEFT JOIN pgazure_bridge.vector ON vector.request_id = exchanged.number AND vector.place = text.place
        ORDER BY text.place;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.call_for_vectors(text, jsonb) IS
    'Answer a call for the vectors of many texts, one row a text, without printing and reading their numbers.';

CREATE OR REPLACE FUNCTION pgazure_bridge.mark(content text) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT encode(sha256(convert_to(content, getdatabaseencoding())), 'hex');
END;
COMMENT ON FUNCTION pgazure_bridge.mark(text) IS 'Hash of 64 letters.';

CREATE OR REPLACE FUNCTION pgazure_bridge.report(problems jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    problem jsonb;
BEGIN
    FOR problem IN SELECT value FROM jsonb_array_elements(problems -> 'warnings') LOOP
        RAISE WARNING '%', problem ->> 'message' USING
            ERRCODE = problem ->> 'sqlstate', DETAIL = problem ->> 'detail', HINT = problem ->> 'hint';
    END LOOP;
    problem := problems -> 'error';
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION '%', problem ->> 'message' USING
            ERRCODE = problem ->> 'sqlstate', DETAIL = problem ->> 'detail', HINT = problem ->> 'hint';
    END IF;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.report(jsonb) IS 'Raise the warnings and the error of an answer.';

REVOKE EXECUTE ON FUNCTION
    pgazure_bridge.dial(text, text, boolean), pgazure_bridge.try_loopback(text, boolean), pgazure_bridge.connect(text), pgazure_bridge.hand_in(text, text), pgazure_bridge.give_up(text),
    pgazure_bridge.exchange(text, text, interval), pgazure_bridge.fill_cache(text, jsonb, interval),
    pgazure_bridge.report(jsonb), pgazure_bridge.mark(text), pgazure_bridge.cache_key(text, jsonb)
FROM PUBLIC;

-- dblink may live in any schema. Its functions are found there, and in no schema that others may write to before it.
DO $$
DECLARE
    home text := (
        SELECT quote_ident(namespace.nspname) FROM pg_extension AS extension
        JOIN pg_namespace AS namespace ON namespace.oid = extension.extnamespace
        WHERE extension.extname = 'dblink'
    );
    caller regprocedure;
BEGIN
    FOREACH caller IN ARRAY ARRAY[
        'pgazure_bridge.dial(text, text, boolean)', 'pgazure_bridge.try_loopback(text, boolean)',
        'pgazure_bridge.connect(text)', 'pgazure_bridge.hand_in(text, text)', 'pgazure_bridge.give_up(text)',
        'pgazure_bridge.exchange(text, text, interval)', 'pgazure_bridge.call_for_vectors(text, jsonb)'
    ]::regprocedure[] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %s, pg_temp', caller, home);
    END LOOP;
END
$$;
