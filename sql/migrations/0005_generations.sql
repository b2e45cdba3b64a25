-- What was replaced is kept for a while, every result names the call that made it, and generations.

-- Where equal work is looked up: the tables of steps that were removed, of generations and of the past included.
ALTER TABLE pgazure.result
    ADD COLUMN step text,
    ADD COLUMN operation text,
    ADD COLUMN dimensions integer,
    ADD COLUMN past boolean NOT NULL DEFAULT false;
UPDATE pgazure.result r SET step = s.name, operation = s.operation, dimensions = s.dimensions
FROM pgazure.step s
WHERE (s.pipeline_id, s.result_schema, s.result_table) = (r.pipeline_id, r.result_schema, r.result_table);
COMMENT ON TABLE pgazure.result IS
    'Every table that holds results of a pipeline''s rows, those of steps that it no longer has and what was replaced included';

ALTER TABLE pgazure.ledger ADD COLUMN call_id uuid;
CREATE INDEX ledger_call ON pgazure.ledger (call_id) WHERE call_id IS NOT NULL;
COMMENT ON COLUMN pgazure.ledger.call_id IS 'The requests of one call; results name the call that made them';

DO $$
DECLARE
    result regclass;
BEGIN
    FOR result IN
        SELECT to_regclass(quote_ident(result_schema) || '.' || quote_ident(result_table)) FROM pgazure.result
    LOOP
        IF result IS NOT NULL THEN
            EXECUTE 'ALTER TABLE ' || result || ' ADD COLUMN IF NOT EXISTS call_id uuid';
        END IF;
    END LOOP;
END
$$;

CREATE TABLE pgazure.phrase (
    input_hash bytea PRIMARY KEY,
    embedding real[] NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX phrase_used ON pgazure.phrase (used_at);
COMMENT ON TABLE pgazure.phrase IS 'Vectors of phrases that were searched for, by hash; the phrases themselves are not kept';

CREATE TABLE pgazure.generation (
    pipeline_id integer NOT NULL REFERENCES pgazure.pipeline ON DELETE CASCADE,
    step text NOT NULL,
    generation integer NOT NULL,
    spec jsonb NOT NULL,
    result_table text NOT NULL,
    state text NOT NULL CHECK (state IN ('new', 'current', 'old')),
    created_at timestamptz NOT NULL DEFAULT now(),
    switched_at timestamptz,
    PRIMARY KEY (pipeline_id, step, generation)
);
CREATE UNIQUE INDEX generation_current ON pgazure.generation (pipeline_id, step) WHERE state = 'current';
COMMENT ON TABLE pgazure.generation IS
    'Generations of steps that have more than one: what each is made by, where it lies, and which one readers see';
