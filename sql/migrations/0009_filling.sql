-- Rows are queued after the triggers are there and committed, so that no writer waits meanwhile; what is still
-- to be queued is remembered.

ALTER TABLE pgazure.pipeline ADD COLUMN fill_wanted boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN pgazure.pipeline.fill_wanted IS
    'Whether every row of the source is still to be queued: apply does it, or the next run where apply was interrupted';

ALTER TABLE pgazure.partition ADD COLUMN fill_wanted boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN pgazure.partition.fill_wanted IS 'Whether the rows of the partition are still to be queued';
COMMENT ON TABLE pgazure.partition IS 'Partitions of a source whose writes are watched';
