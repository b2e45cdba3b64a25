-- The engine's own tables. Runs in one transaction, as the owner of schema pgazure;
-- no extension is needed here (vector is, for a pipeline with an embed step).

CREATE TYPE pgazure.entity AS (
    text text,
    category text,
    subcategory text,
    confidence_score double precision
);
COMMENT ON TYPE pgazure.entity IS 'One entity found in a text; the fields of azure_cognitive.entity';

CREATE TYPE pgazure.sentence AS (
    text text,
    rank_score double precision
);
COMMENT ON TYPE pgazure.sentence IS 'One sentence of an extractive summary; the fields of azure_cognitive.sentence';

CREATE TYPE pgazure.error_class AS ENUM (
    'record_temporary', 'record_permanent', 'pipeline_temporary', 'pipeline_permanent'
);

CREATE TABLE pgazure.pipeline (
    pipeline_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    source_schema text NOT NULL,
    source_table text NOT NULL,
    spec jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pgazure.pipeline IS 'One row per pipeline, with its validated specification';

CREATE TABLE pgazure.step (
    pipeline_id integer NOT NULL REFERENCES pgazure.pipeline ON DELETE CASCADE,
    name text NOT NULL,
    operation text NOT NULL,
    dimensions integer,
    result_schema text NOT NULL,
    result_table text NOT NULL,
    halted_at timestamptz,
    halted_class pgazure.error_class,
    halted_code text,
    halted_message text,
    PRIMARY KEY (pipeline_id, name)
);
COMMENT ON TABLE pgazure.step IS 'The steps of each pipeline, where their results lie, and why a step stands still';

CREATE TABLE pgazure.run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pipeline_id integer NOT NULL REFERENCES pgazure.pipeline ON DELETE CASCADE,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    rows bigint NOT NULL DEFAULT 0,
    outcome text
);
COMMENT ON TABLE pgazure.run IS 'One row per run: when it began and ended, and how';

CREATE TABLE pgazure.error (
    pipeline_id integer NOT NULL REFERENCES pgazure.pipeline ON DELETE CASCADE,
    step text NOT NULL,
    key jsonb NOT NULL,
    class pgazure.error_class NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    request_id text,
    attempts integer NOT NULL,
    parked boolean NOT NULL,
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (pipeline_id, key, step)
);
COMMENT ON TABLE pgazure.error IS
    'Why a row of a source has no result of a step; parked rows are tried again only on pgazure retry or when the row changes';

CREATE TABLE pgazure.ledger (
    ledger_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint,
    pipeline_id integer REFERENCES pgazure.pipeline ON DELETE SET NULL,
    step text,
    service text NOT NULL,
    operation text NOT NULL,
    endpoint text NOT NULL,
    model text NOT NULL,
    items integer NOT NULL,
    characters bigint NOT NULL,
    unit text NOT NULL,
    units bigint NOT NULL,
    price numeric NOT NULL,
    status_code integer,
    error_code text,
    request_id text,
    started_at timestamptz NOT NULL,
    duration_ms integer NOT NULL
);
CREATE INDEX ledger_spend ON pgazure.ledger (pipeline_id, started_at) INCLUDE (price);
COMMENT ON TABLE pgazure.ledger IS 'Every request sent: what it carried, what it costs in USD at list price, how it ended';
