-- Many workers on one database: who they are, which ticks of a timetable are taken, what the services were
-- found to allow, and which of them refuse.

CREATE TABLE pgazure.worker (
    worker_id uuid PRIMARY KEY,
    host text NOT NULL,
    process_id integer NOT NULL,
    backend_pid integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pgazure.worker IS
    'Workers that serve pipelines; one that has ended without a word is removed when the next one starts';

CREATE TABLE pgazure.tick (
    pipeline_id integer NOT NULL REFERENCES pgazure.pipeline ON DELETE CASCADE,
    tick_at timestamptz NOT NULL,
    worker_id uuid NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (pipeline_id, tick_at)
);
COMMENT ON TABLE pgazure.tick IS
    'Moments of timetables: each is taken by one worker, and by another one where that one ends before it is done';

CREATE TABLE pgazure.circuit (
    endpoint text NOT NULL,
    deployment text NOT NULL,
    operation text NOT NULL,
    rate double precision,
    sharing jsonb NOT NULL DEFAULT '{}',
    class pgazure.error_class,
    code text,
    message text,
    status_code integer,
    failures integer NOT NULL DEFAULT 0,
    opened_at timestamptz,
    probe_at timestamptz,
    failed_at timestamptz,
    succeeded_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (endpoint, deployment, operation)
);
COMMENT ON TABLE pgazure.circuit IS
    'What all workers know of a service, by endpoint, deployment and operation: the requests a second that it allows '
    '(rate), and since when (opened_at) and why nothing is sent to it';
COMMENT ON COLUMN pgazure.circuit.probe_at IS 'When a single request tries whether the service works again';
COMMENT ON COLUMN pgazure.circuit.sharing IS 'How the workers share the rate between them';
