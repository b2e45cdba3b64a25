-- name: watermark_read
-- How far a polled source has been read.
SELECT watermark, watermark_rows FROM pgazure.pipeline WHERE pipeline_id = %(pipeline_id)s;

-- name: watermark_look
-- The highest value there is, and how many rows have it.
SELECT {column}::text AS watermark, count(*) AS rows FROM {source} s
WHERE {column} = (SELECT max({column}) FROM {source} s) GROUP BY {column};

-- name: watermark_save
-- Remember how far it has been read.
UPDATE pgazure.pipeline SET watermark = %(watermark)s, watermark_rows = %(rows)s WHERE pipeline_id = %(pipeline_id)s;

-- name: poll
-- Queue what has come since.
INSERT INTO {queue} ({keys}) SELECT DISTINCT {source_keys} FROM {source} s
WHERE (%(watermark)s::text IS NULL OR {column} >= %(watermark)s::text::{type}) AND {condition}
ON CONFLICT ({keys}) DO UPDATE SET due_at = now(), lease = NULL, attempts = 0;
