-- What the session of the loopback connection may do: hand in a call, wait for its answer, give it up. Its role has
-- no right on the tables. Each of these is SECURITY DEFINER for that reason, and sees the calls of its own backend
-- alone, so that nobody can fetch another session's answer, whatever he sends over the connection.
--
-- A server holds the advisory lock (1885823354, number of the call) from the claim until the answer is committed, and
-- its share of (1885823355, 0) as long as it takes calls. So a waiting session sleeps until the lock is free, and a
-- server that dies lets go of both at once.

CREATE OR REPLACE FUNCTION pgazure_bridge.is_served() RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Whoever gets the lock alone finds no server; he has it until his transaction ends, a moment later.
    RETURN NOT pg_try_advisory_xact_lock(1885823355, 0);
END
$$;
COMMENT ON FUNCTION pgazure_bridge.is_served() IS 'Whether a server takes calls.';

CREATE OR REPLACE FUNCTION pgazure_bridge.submit(function text, arguments text, retention interval) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number bigint;
BEGIN
    IF NOT pgazure_bridge.is_served() THEN
        RETURN NULL;
    END IF;
    INSERT INTO pgazure_bridge.request (session_pid, function, arguments, retention)
    VALUES (pg_backend_pid(), submit.function, submit.arguments, submit.retention)
    RETURNING request_id INTO number;
    PERFORM pg_notify('pgazure_bridge', number::text);
    RETURN number;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.submit(text, text, interval) IS
    'Hand in a call and return its number; NULL where nobody would answer.';

CREATE OR REPLACE FUNCTION pgazure_bridge.resubmit(number bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT pgazure_bridge.is_served() THEN
        DELETE FROM pgazure_bridge.request WHERE request_id = number AND session_pid = pg_backend_pid();
        RETURN NULL;
    END IF;
    UPDATE pgazure_bridge.request SET server_pid = NULL WHERE request_id = number AND session_pid = pg_backend_pid();
    PERFORM pg_notify('pgazure_bridge', number::text);
    RETURN number;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.resubmit(bigint) IS
    'Hand in a call again whose server has died; NULL where nobody would answer.';

CREATE OR REPLACE FUNCTION pgazure_bridge.await(
    number bigint, OUT state text, OUT claims integer, OUT answer text, OUT problems text
) RETURNS record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    call pgazure_bridge.request;
    was_locked boolean := false;
BEGIN
    LOOP
        SELECT * INTO call FROM pgazure_bridge.request
        WHERE request_id = number AND session_pid = pg_backend_pid();
        IF NOT FOUND THEN
            state := 'gone';
            RETURN;
        ELSIF call.is_settled THEN
            -- Vectors lie beside the call until they are fetched.
            IF call.answer IS DISTINCT FROM 'vectors' THEN
                DELETE FROM pgazure_bridge.request WHERE request_id = number;
            END IF;
            state := 'settled';
            answer := call.answer;
            problems := call.problems;
            RETURN;
        ELSIF call.server_pid IS NULL THEN
            IF NOT pgazure_bridge.is_served() THEN
                DELETE FROM pgazure_bridge.request WHERE request_id = number;
                state := 'unserved';
                RETURN;
            END IF;
            PERFORM pg_sleep(0.001);
        ELSIF was_locked THEN
            -- Free again without an answer: whoever had the call in hand is no more.
            state := 'lost';
            claims := call.claims;
            RETURN;
        ELSE
            PERFORM pg_advisory_xact_lock_shared(1885823354, (number & 2147483647)::integer);
            was_locked := true;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.await(bigint) IS
    'Wait for the answer of a call: settled, lost with its server, unserved where there is none, or gone.';

CREATE OR REPLACE FUNCTION pgazure_bridge.abandon() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number bigint;
BEGIN
    FOR number IN DELETE FROM pgazure_bridge.request WHERE session_pid = pg_backend_pid() RETURNING request_id LOOP
        PERFORM pg_notify('pgazure_bridge', (-number)::text);
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.abandon() IS 'Give up the calls of this session; the server stops working on them.';

CREATE OR REPLACE FUNCTION pgazure_bridge.fetch_vectors(number bigint, count integer) RETURNS SETOF real[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM pgazure_bridge.request WHERE request_id = number AND session_pid = pg_backend_pid();
    IF FOUND THEN
        -- A copy of each, as what is deleted here may be gone when it is read.
        RETURN QUERY
            SELECT CASE WHEN vector.vector IS NOT NULL THEN vector.vector || '{}'::real[] END
            FROM generate_series(1, count) AS text (place)
            LEFT JOIN pgazure_bridge.vector ON vector.request_id = number AND vector.place = text.place
            ORDER BY text.place;
        DELETE FROM pgazure_bridge.vector WHERE request_id = number;
    END IF;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.fetch_vectors(bigint, integer) IS
    'Take the vectors of a settled call, one row a text; a count of 0 takes none and removes them.';

-- The session must wait as long as it takes, and notice that its client is gone.
CREATE OR REPLACE FUNCTION pgazure_bridge.settle_in() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config(name, setting, false)
    FROM (VALUES
        ('statement_timeout', '0'), ('lock_timeout', '0'), ('idle_session_timeout', '0'),
        ('transaction_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),
        ('default_transaction_isolation', 'read committed'), ('synchronous_commit', 'off')
    ) AS wanted (name, setting)
    WHERE current_setting(name, true) IS NOT NULL;
    PERFORM set_config('client_connection_check_interval', '500ms', false);
EXCEPTION
    -- Not every platform can tell that a client is gone.
    WHEN invalid_parameter_value THEN
        NULL;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.settle_in() IS 'Make the session of a loopback connection ready to wait.';

REVOKE EXECUTE ON FUNCTION
    pgazure_bridge.is_served(), pgazure_bridge.submit(text, text, interval), pgazure_bridge.resubmit(bigint),
    pgazure_bridge.await(bigint), pgazure_bridge.abandon(), pgazure_bridge.settle_in(),
    pgazure_bridge.fetch_vectors(bigint, integer)
FROM PUBLIC;
