-- More steps, pipelines that are paused, sources that are polled, and what SQL asks of the engine.

CREATE TYPE pgazure.linked_entity_match AS (
    text text,
    confidence_score double precision
);
COMMENT ON TYPE pgazure.linked_entity_match IS
    'Where a text speaks of a linked entity; the fields of azure_cognitive.linked_entity_match';

CREATE TYPE pgazure.linked_entity AS (
    name text,
    data_source_entity_id text,
    language text,
    data_source text,
    url text,
    matches pgazure.linked_entity_match[],
    bing_entity_search_api_id text
);
COMMENT ON TYPE pgazure.linked_entity IS
    'Something well-known that a text speaks of; the fields of azure_cognitive.linked_entity';

-- The source by its number and its columns by theirs, so that new names of them are told from new things.
ALTER TABLE pgazure.pipeline
    ADD COLUMN paused_at timestamptz,
    ADD COLUMN watermark text,
    ADD COLUMN watermark_rows bigint,
    ADD COLUMN source_oid oid,
    ADD COLUMN source_columns jsonb NOT NULL DEFAULT '{}';

-- What failed, so that a parked error stands for as long as the work is the same.
ALTER TABLE pgazure.error ADD COLUMN input_hash bytea;

CREATE TABLE pgazure.order (
    order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action text NOT NULL CHECK (action IN ('create', 'run')),
    pipeline text NOT NULL,
    spec jsonb,
    role name NOT NULL DEFAULT current_user,
    ordered_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    outcome text,
    message text
);
CREATE INDEX order_open ON pgazure.order (order_id) WHERE finished_at IS NULL;
COMMENT ON TABLE pgazure.order IS
    'What create_pipeline and run have asked for, and what became of it; carried out by pgazure run and pgazure worker';
