-- What runs have in hand, so that no two of them pay for the same work.

CREATE UNLOGGED TABLE pgazure.announcement (
    run_id bigint NOT NULL,
    number integer NOT NULL,
    hashes bytea[] NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (run_id, number)
);
-- Hashes cannot be compressed.
ALTER TABLE pgazure.announcement ALTER COLUMN hashes SET STORAGE EXTERNAL;
COMMENT ON TABLE pgazure.announcement IS
    'Work that a run has sent and not written yet, by hash: another run that meets it waits. It counts while its run lives '
    'and has a heartbeat';

CREATE FUNCTION pgazure.announce(run_id bigint, number integer, hashes bytea[], duration interval) RETURNS bytea[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    free bytea[] := announce.hashes;
    in_hand bytea[] := '{}';
BEGIN
    -- One at a time, so that of two who want the same one is first.
    PERFORM pg_advisory_xact_lock(hashtextextended('pgazure.announce', 0));
    IF EXISTS (SELECT FROM pgazure.announcement a WHERE a.run_id <> announce.run_id) THEN
        -- A run that lives holds its lock, so whoever gets it knows that nobody is there.
        WITH others AS MATERIALIZED (
            SELECT DISTINCT a.run_id FROM pgazure.announcement a WHERE a.run_id <> announce.run_id
        ), ended AS MATERIALIZED (
            SELECT o.run_id FROM others o
            WHERE pg_try_advisory_xact_lock(hashtextextended('pgazure.run.' || o.run_id, 0))
        )
        DELETE FROM pgazure.announcement a
        WHERE a.run_id <> announce.run_id AND (a.expires_at <= now() OR a.run_id IN (SELECT e.run_id FROM ended e));
        SELECT array_agg(w.hash) FILTER (WHERE o.hash IS NULL), coalesce(array_agg(o.hash) FILTER (WHERE o.hash IS NOT NULL), '{}')
        INTO free, in_hand
        FROM unnest(announce.hashes) AS w (hash) LEFT JOIN (
            SELECT DISTINCT unnest(a.hashes) AS hash FROM pgazure.announcement a WHERE a.run_id <> announce.run_id
        ) AS o USING (hash);
    END IF;
    IF free IS NOT NULL THEN
        INSERT INTO pgazure.announcement (run_id, number, hashes, expires_at)
        VALUES (announce.run_id, announce.number, free, now() + duration);
    END IF;
    RETURN in_hand;
END
$$;
COMMENT ON FUNCTION pgazure.announce(bigint, integer, bytea[], interval) IS
    'Announce what a run is about to send, but for what another run has in hand, which is returned; for runs, not for people';
