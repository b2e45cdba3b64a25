-- What the session of the loopback connection may do: hand in a call, ask what became of it, give it up. Its role has
-- no right on the tables. Each of these is SECURITY DEFINER for that reason, and sees the calls of its own backend
-- alone, so that nobody can fetch another session's answer, whatever he sends over the connection. The last call of
-- the backend is the sequence's last number in it; its answer is removed with the next one, or by a server's sweep.
--
-- A server holds the advisory lock (1885823354, number of the call) from the claim until the answer is committed, and
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
    number bigint := currval('pgazure_bridge.request_request_id_seq');
    last_answer text;
BEGIN
    DELETE FROM pgazure_bridge.request WHERE request_id = number RETURNING answer INTO last_answer;
    IF last_answer = 'vectors' THEN
        DELETE FROM pgazure_bridge.vector WHERE request_id = number;
    END IF;
    INSERT INTO pgazure_bridge.request (session_pid, function, arguments, retention)
    VALUES (pg_backend_pid(), submit.function, submit.arguments, submit.retention)
    RETURNING request_id INTO number;
    PERFORM pg_notify('pgazure_bridge', number::text);
END
$$;
COMMENT ON PROCEDURE pgazure_bridge.submit(text, text, interval) IS
    'Hand in a call, and remove what is left of the one before it.';

CREATE OR REPLACE FUNCTION pgazure_bridge.fetch(
    has_waited boolean, OUT number bigint, OUT state text, OUT answer text, OUT problems text
) RETURNS record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Nobody can cancel the caller's statement before this function returns.
    patience constant interval := '20 ms';
    began constant timestamptz := clock_timestamp();
    elapsed interval;
    call pgazure_bridge.request;
BEGIN
    number := currval('pgazure_bridge.request_request_id_seq');
    LOOP
        SELECT * INTO call FROM pgazure_bridge.request
        WHERE request_id = number AND session_pid = pg_backend_pid();
        IF NOT FOUND THEN
            state := 'gone';
            RETURN;
        ELSIF call.settled_at IS NOT NULL THEN
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
        ELSE
            -- The lock is free, and there is no answer: whoever had the call in hand is no more.
            DELETE FROM pgazure_bridge.request WHERE request_id = number;
            state := 'lost';
            RETURN;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.fetch(boolean) IS
    'Ask what became of the last call: settled, with its answer; in hand of a server, or still waiting for one; lost with its server, unserved where there is none, or gone.';

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

CREATE OR REPLACE FUNCTION pgazure_bridge.fetch_vectors(count integer) RETURNS SETOF real[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT vector.vector
        FROM pgazure_bridge.request AS call
        CROSS JOIN generate_series(1, count) AS text (place)
        LEFT JOIN pgazure_bridge.vector ON vector.request_id = call.request_id AND vector.place = text.place
        WHERE call.request_id = currval('pgazure_bridge.request_request_id_seq')
            AND call.session_pid = pg_backend_pid()
        ORDER BY text.place;
END
$$;
COMMENT ON FUNCTION pgazure_bridge.fetch_vectors(integer) IS 'Give the vectors of the last call, one row a text.';

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
    -- A last call there always is.
    PERFORM nextval('pgazure_bridge.request_request_id_seq');
END
$$;
COMMENT ON FUNCTION pgazure_bridge.settle_in() IS 'Make the session of a loopback connection ready for calls.';

-- What a server does. Its role may write to the tables.
CREATE OR REPLACE PROCEDURE pgazure_bridge.settle(numbers bigint[], answers text[], problems text[])
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE pgazure_bridge.request AS call
    SET settled_at = clock_timestamp(), answer = answers[place], problems = settle.problems[place]
    FROM generate_subscripts(numbers, 1) AS place
    WHERE call.request_id = numbers[place] AND call.server_pid = pg_backend_pid();
    -- Whoever is woken finds the answer.
    COMMIT;
    PERFORM pg_advisory_unlock(1885823354, (number & 2147483647)::integer) FROM unnest(numbers) AS number;
END
$$;
COMMENT ON PROCEDURE pgazure_bridge.settle(bigint[], text[], text[]) IS
    'Write answers, where the calls are still this server''s, and wake the sessions that wait for them.';

REVOKE EXECUTE ON ROUTINE
    pgazure_bridge.is_served(), pgazure_bridge.submit(text, text, interval), pgazure_bridge.fetch(boolean),
    pgazure_bridge.abandon(), pgazure_bridge.settle_in(), pgazure_bridge.fetch_vectors(integer),
    pgazure_bridge.settle(bigint[], text[], text[])
FROM PUBLIC;
