-- name: announce
-- Announce what is about to be sent, and find out what another run that lives has in hand.
SELECT pgazure.announce(%(run_id)s, %(number)s, %(hashes)b::bytea[], %(duration)s) AS in_hand;

-- name: announcements_renew
-- Hold on to what is announced for another while.
UPDATE pgazure.announcement SET expires_at = now() + %(duration)s WHERE run_id = %(run_id)s;

-- name: announcement_withdraw
-- What is written, or was not sent after all, is nobody's.
DELETE FROM pgazure.announcement WHERE run_id = %(run_id)s AND number = ANY (%(numbers)s);

-- name: announcements_rescue
-- Nor is what ended runs had announced. A run that lives holds its lock.
WITH others AS MATERIALIZED (
    SELECT DISTINCT run_id FROM pgazure.announcement WHERE run_id <> %(run_id)s
), ended AS MATERIALIZED (
    SELECT run_id FROM others WHERE pg_try_advisory_xact_lock(hashtextextended('pgazure.run.' || run_id, 0))
)
DELETE FROM pgazure.announcement a USING ended e WHERE a.run_id = e.run_id;
