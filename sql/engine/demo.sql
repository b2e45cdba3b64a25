-- name: demo_enriched
-- Rows with their results beside them.
SELECT {key}::text AS key, {text}::text AS text, e.language, e.sentiment, e.key_phrases
FROM {view} e WHERE e.sentiment IS NOT NULL ORDER BY {key} LIMIT %(limit)s;

-- name: demo_groups
-- Columns by which the rows can be grouped: few values, each several times.
SELECT count(DISTINCT {column}) AS groups, count({column}) AS filled FROM {source};

-- name: demo_sentiment
-- Labels by group.
SELECT s.{column}::text AS grouped, count(*) AS rows,
    count(*) FILTER (WHERE r.sentiment = 'positive') AS positive,
    count(*) FILTER (WHERE r.sentiment = 'mixed') AS mixed,
    count(*) FILTER (WHERE r.sentiment = 'neutral') AS neutral,
    count(*) FILTER (WHERE r.sentiment = 'negative') AS negative,
    round(avg(r.positive_score)::numeric, 2) AS positive_score
FROM {source} s JOIN {table} r ON r.{key} = s.{key}
GROUP BY s.{column} ORDER BY positive_score DESC, count(*) DESC LIMIT %(limit)s;

-- name: demo_phrases
-- Phrases by the number of rows that have them.
SELECT lower(phrase) AS phrase, count(*) AS rows
FROM {table} r CROSS JOIN LATERAL unnest(r.key_phrases) AS phrase
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(limit)s;

-- name: demo_pii
-- Rows in which something was redacted.
SELECT r.{key}::text AS key, r.redacted_text,
    (SELECT string_agg(DISTINCT entity.category, ', ' ORDER BY entity.category) FROM unnest(r.entities) AS entity) AS categories
FROM {table} r WHERE cardinality(r.entities) > 0
ORDER BY EXISTS (SELECT FROM unnest(r.entities) AS entity WHERE entity.category IN ('PhoneNumber', 'Email')) DESC, r.{key}
LIMIT %(limit)s;

-- name: demo_translations
-- One short row in every target language.
SELECT s.{key}::text AS key, s.{text}::text AS text, t.source_language, t.target_language, t.text AS translation
FROM {source} s JOIN {table} t ON t.{key} = s.{key}
WHERE s.{key} = (
    SELECT x.{key} FROM {source} x JOIN {table} y ON y.{key} = x.{key}
    WHERE length(x.{text}::text) BETWEEN 30 AND 200
        AND y.source_language <> ALL (ARRAY(SELECT DISTINCT z.target_language FROM {table} z))
    ORDER BY x.{key} LIMIT 1
)
ORDER BY t.target_language;

-- name: demo_summary
-- The summary of the longest row that has one.
SELECT s.{key}::text AS key, length(s.{text}::text) AS length, r.sentences
FROM {source} s JOIN {table} r ON r.{key} = s.{key}
WHERE cardinality(r.sentences) > 1 ORDER BY length(s.{text}::text) DESC, s.{key} LIMIT 1;

-- name: demo_errors
-- Errors by step, code and message.
SELECT step, code, message, count(*) AS rows FROM pgazure.error
GROUP BY step, code, message ORDER BY count(*) DESC, step LIMIT %(limit)s;

-- name: demo_change
-- Change the text of some rows.
UPDATE {source} SET {text} = {text} || %(more)s
WHERE {key} IN (SELECT {key} FROM {source} WHERE {text} IS NOT NULL ORDER BY {key} LIMIT %(limit)s) RETURNING {key}::text AS key;

-- name: demo_delete
-- Delete one row, with all its results.
DELETE FROM {source} WHERE {key} = (SELECT max({key}) FROM {source}) RETURNING {key}::text AS key;
