-- How far each run has come, since when rows wait, what each pipeline spends, and what is reserved of its budgets.

ALTER TABLE pgazure.run
    ADD COLUMN price numeric NOT NULL DEFAULT 0,
    ADD COLUMN rate double precision,
    ADD COLUMN progress_at timestamptz;

CREATE INDEX run_latest ON pgazure.run (pipeline_id, run_id);
CREATE INDEX run_open ON pgazure.run (pipeline_id) WHERE finished_at IS NULL;

CREATE TABLE pgazure.spending (
    pipeline_id integer NOT NULL REFERENCES pgazure.pipeline ON DELETE CASCADE,
    day date NOT NULL,
    price numeric NOT NULL,
    PRIMARY KEY (pipeline_id, day)
);
COMMENT ON TABLE pgazure.spending IS
    'The ledger''s sum for each pipeline and UTC day, in USD at list price: what its budgets are compared with';
INSERT INTO pgazure.spending (pipeline_id, day, price)
SELECT pipeline_id, (started_at AT TIME ZONE 'UTC')::date, sum(price) FROM pgazure.ledger
WHERE pipeline_id IS NOT NULL GROUP BY 1, 2;
UPDATE pgazure.run r SET price = l.price
FROM (SELECT run_id, sum(price) AS price FROM pgazure.ledger GROUP BY run_id) AS l WHERE l.run_id = r.run_id;

CREATE TABLE pgazure.reservation (
    run_id bigint PRIMARY KEY REFERENCES pgazure.run ON DELETE CASCADE,
    pipeline_id integer NOT NULL REFERENCES pgazure.pipeline ON DELETE CASCADE,
    price numeric NOT NULL
);
COMMENT ON TABLE pgazure.reservation IS
    'What the requests under way will cost at most, for each run of a pipeline with a budget; it ends with its run';

-- Not due_at, which pauses and leases move.
DO $$
DECLARE
    queue text;
BEGIN
    FOR queue IN SELECT format('pgazure.%I', 'queue_' || name) FROM pgazure.pipeline LOOP
        EXECUTE 'ALTER TABLE ' || queue || ' ADD COLUMN waiting_since timestamptz NOT NULL DEFAULT now()';
        EXECUTE 'CREATE INDEX ON ' || queue || ' (waiting_since)';
    END LOOP;
END
$$;
