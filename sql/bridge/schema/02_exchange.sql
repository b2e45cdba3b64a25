-- What the session of the loopback connection may do: hand in a call, ask what became of it, give it up. Its role has
-- no right on the tables. Each of these is SECURITY DEFINER for that reason, and sees the calls of its own backend
-- alone, so that nobody can fetch another session's answer, whatever he sends over the connection.
--
-- A server holds the advisory lock (1885823354, number of the call) from the claim until the answer is written, and
-- its share of (1885823355, 0) as long as it takes calls. So the session that has called sleeps until the lock is
-- free, and a server that dies lets go of both at once.

CREATE OR REPLACE FUNCTION pgazure_bridge.is_served() RETURNS boolean
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    -- Whoever gets the lock alone finds no server; he has it until his transaction ends, a moment later.
    SELECT NOT pg_try_advisory_xact_lock(1885823355, 0);
END;
COMMENT ON FUNCTION pgazure_bridge.is_served() IS 'Whether a server takes calls.';

CREATE OR REPLACE PROCEDURE pgazure_bridge.submit(function text, arguments text, retention interval)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number bigint;
BEGIN
    INSERT INTO pgazure_bridge.request (session_pid, function, arguments, retention)
    VALUES (pg_backend_pid(), submit.function, submit.arguments, submit.retention)
    RETURNING request_id INTO number;
    PERFORM pg_notify('pgazure_bridge', number::text);
END
$$;
COMMENT ON PROCEDURE pgazure_bridge.submit(text, text, interval) IS 'Hand in a call.';

CREATE OR REPLACE FUNCTION pgazure_bridge.fetch(
    INOUT number bigint, has_waited boolean, OUT state text, OUT answer text, OUT problems text
) RETURNS record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Nobody can cancel the caller's statement before this function returns.
    patience constant interval := '20 ms';
    began constant timestamptz := clock_timestamp();
    elapsed interval;
    is_written boolean := false;
    call pgazure_bridge.request;
BEGIN
    number := coalesce(number, currval('pgazure_bridge.request_request_id_seq'));
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
            elapsed := clock_timestamp() - began;
            IF NOT pgazure_bridge.is_served() THEN
                DELETE FROM pgazure_bridge.request WHERE request_id = number;
                state := 'unserved';
                RETURN;
            ELSIF elapsed > patience THEN
                state := 'waiting';
                RETURN;
            END IF;
            PERFORM pg_sleep(greatest(extract(epoch FROM elapsed) / 2, 0.001));
        ELSIF NOT has_waited THEN
            state := 'in hand';
            RETURN;
        ELSIF is_written THEN
            -- The lock is free, and there is no answer: whoever had the call in hand is no more.
            DELETE FROM pgazure_bridge.request WHERE request_id = number;
            state := 'lost';
            RETURN;
        ELSE
            -- The lock is free a moment before the answer is committed.
            PERFORM FROM pgazure_bridge.request WHERE request_id = number FOR SHARE;
            is_written := true;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.fetch(bigint, boolean) IS
    'Ask what became of a call, NULL for the last one: settled, with its answer; in hand of a server, or still waiting for one; lost with its server, unserved where there is none, or gone.';

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

CREATE OR REPLACE FUNCTION pgazure_bridge.settle_in() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config(name, setting, false)
    FROM (VALUES
        ('statement_timeout', '0'), ('idle_session_timeout', '0'),
        ('transaction_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),
        ('default_transaction_isolation', 'read committed'), ('default_transaction_read_only', 'off'),
        ('synchronous_commit', 'off'),
        -- Whoever locks these tables and calls waits for himself, which PostgreSQL cannot see.
        ('lock_timeout', '2s'),
        -- Plans are made once, while the tables are next to empty.
        ('plan_cache_mode', 'force_generic_plan'), ('enable_seqscan', 'off')
    ) AS wanted (name, setting)
    WHERE current_setting(name, true) IS NOT NULL;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.settle_in() IS 'Make the session of a loopback connection ready for calls.';

REVOKE EXECUTE ON ROUTINE
    pgazure_bridge.is_served(), pgazure_bridge.submit(text, text, interval),
    pgazure_bridge.fetch(bigint, boolean), pgazure_bridge.abandon(), pgazure_bridge.settle_in(),
    pgazure_bridge.fetch_vectors(bigint, integer)
FROM PUBLIC;
