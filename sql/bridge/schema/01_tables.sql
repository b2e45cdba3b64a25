-- How a call of a function reaches the process that answers it, and its answer the session that asked.
-- Nobody but the owner may use this schema. The functions of the other schemas name what they call here by its
-- identity, not by its name, so that EXECUTE on them is the right that counts.

CREATE SCHEMA IF NOT EXISTS pgazure_bridge;
REVOKE ALL ON SCHEMA pgazure_bridge FROM PUBLIC;
COMMENT ON SCHEMA pgazure_bridge IS 'Carries calls of the functions of azure_ai to pgazure functions serve; nothing to call here.';

CREATE TABLE IF NOT EXISTS pgazure_bridge.installation (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    version text NOT NULL,
    revision integer NOT NULL,
    edition text NOT NULL,
    owns_dblink boolean NOT NULL,
    installed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pgazure_bridge.installation IS 'What is installed.';
COMMENT ON COLUMN pgazure_bridge.installation.revision IS 'Number of the protocol between the functions and the server.';
COMMENT ON COLUMN pgazure_bridge.installation.owns_dblink IS 'Whether dblink was created with the functions.';

CREATE TABLE IF NOT EXISTS pgazure_bridge.loopback (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    conninfo text NOT NULL,
    is_unchecked boolean NOT NULL,
    role_name text,
    seal text NOT NULL DEFAULT gen_random_uuid()::text
);
COMMENT ON TABLE pgazure_bridge.loopback IS 'How the database connects to itself.';
COMMENT ON COLUMN pgazure_bridge.loopback.conninfo IS 'In the form of libpq and without dbname, or the name of a foreign server.';
COMMENT ON COLUMN pgazure_bridge.loopback.is_unchecked IS 'Whether dblink_connect_u opens it, which needs no password.';
COMMENT ON COLUMN pgazure_bridge.loopback.role_name IS 'Role that was created for it.';
COMMENT ON COLUMN pgazure_bridge.loopback.seal IS 'Secret that marks what a session remembers as put there by the functions.';

-- Unlogged: a call does not outlive the session that waits for it, let alone a crash.
-- Half of each page is free for the two updates of a call, which then touch no index.
CREATE UNLOGGED TABLE IF NOT EXISTS pgazure_bridge.request (
    request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_pid integer NOT NULL,
    function text NOT NULL,
    arguments text NOT NULL,
    retention interval,
    submitted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    server_pid integer,
    settled_at timestamptz,
    answer text,
    problems text
) WITH (fillfactor = 50);
-- Compressing a megabyte costs more than writing it.
ALTER TABLE pgazure_bridge.request ALTER COLUMN arguments SET STORAGE EXTERNAL;
ALTER TABLE pgazure_bridge.request ALTER COLUMN answer SET STORAGE EXTERNAL;
COMMENT ON TABLE pgazure_bridge.request IS 'Calls that wait, are worked on, or were answered a moment ago: the last one of each session.';
COMMENT ON COLUMN pgazure_bridge.request.session_pid IS 'Backend that waits for the answer: the only one that may have it.';
COMMENT ON COLUMN pgazure_bridge.request.server_pid IS 'Backend of the server that has the call in hand.';
COMMENT ON COLUMN pgazure_bridge.request.retention IS 'How long the answers are kept in the cache; NULL for not at all.';
COMMENT ON COLUMN pgazure_bridge.request.problems IS 'Warnings and the error, as JSON.';

CREATE UNLOGGED TABLE IF NOT EXISTS pgazure_bridge.vector (
    request_id bigint,
    place integer,
    vector real[] NOT NULL,
    PRIMARY KEY (request_id, place)
);
ALTER TABLE pgazure_bridge.vector ALTER COLUMN vector SET STORAGE EXTERNAL;
COMMENT ON TABLE pgazure_bridge.vector IS
    'Answers that are vectors, one a text: written and read as they are, as a million numbers take long to print.';
COMMENT ON COLUMN pgazure_bridge.vector.place IS 'Place of the text, from 1.';

CREATE UNLOGGED TABLE IF NOT EXISTS pgazure_bridge.server (
    server_pid integer PRIMARY KEY,
    host text NOT NULL,
    process_id integer NOT NULL,
    version text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    in_hand integer NOT NULL DEFAULT 0,
    settled bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE pgazure_bridge.server IS 'Servers that have run lately, for pgazure functions status; locks tell who lives.';

CREATE UNLOGGED TABLE IF NOT EXISTS pgazure_bridge.cache (
    key bytea PRIMARY KEY,
    place text NOT NULL,
    answer text NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE pgazure_bridge.cache IS 'Answers that pgazure.prefetch has had made.';
COMMENT ON COLUMN pgazure_bridge.cache.key IS 'Hash of function, arguments and text.';
COMMENT ON COLUMN pgazure_bridge.cache.place IS 'Where the answer comes from: a row of place.';

CREATE UNLOGGED TABLE IF NOT EXISTS pgazure_bridge.place (
    schema_name text PRIMARY KEY,
    place text NOT NULL
);
COMMENT ON TABLE pgazure_bridge.place IS
    'Hash of the endpoints that the functions of a schema are answered from now; answers from elsewhere do not count.';
