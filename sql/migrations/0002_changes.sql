-- Where the results of a pipeline lie, for them to go with the rows that they belong to, and which
-- partitions of its source are watched.

CREATE TABLE pgazure.result (
    pipeline_id integer NOT NULL REFERENCES pgazure.pipeline ON DELETE CASCADE,
    result_schema text NOT NULL,
    result_table text NOT NULL,
    PRIMARY KEY (pipeline_id, result_schema, result_table)
);
COMMENT ON TABLE pgazure.result IS
    'Every table that holds results of a pipeline''s rows, those of steps that it no longer has included';
INSERT INTO pgazure.result (pipeline_id, result_schema, result_table)
SELECT pipeline_id, result_schema, result_table FROM pgazure.step;

CREATE TABLE pgazure.partition (
    pipeline_id integer NOT NULL REFERENCES pgazure.pipeline ON DELETE CASCADE,
    partition oid NOT NULL,
    PRIMARY KEY (pipeline_id, partition)
);
COMMENT ON TABLE pgazure.partition IS 'Partitions of a source whose rows have been queued and whose writes are watched';
