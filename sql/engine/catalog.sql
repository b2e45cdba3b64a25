-- name: source_columns
-- Columns of a source table in order, with the type each is declared with.
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, t.typcategory = 'A' AS is_array
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %(relation)s::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;

-- name: source_key
-- Columns of the primary key in key order, with their types and the operator that they are equal by.
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, n.nspname AS equality,
    o.oprcanhash OR o.oprcanmerge AS joinable, t.typcategory = 'A' AS is_array
FROM pg_catalog.pg_index i
CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) WITH ORDINALITY AS k (attnum, opclass, position)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_opclass c ON c.oid = k.opclass
JOIN pg_catalog.pg_amop m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3
    AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
JOIN pg_catalog.pg_operator o ON o.oid = m.amopopr
JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE i.indrelid = %(relation)s::oid AND i.indisprimary
ORDER BY k.position;

-- name: row_security
-- Whether row-level security applies to the current role.
SELECT row_security_active({source_oid}) AS active;

-- name: source_relation
-- Oid and kind of a relation, and what the current role may do with it.
SELECT c.oid::bigint AS oid, c.relkind::text AS kind,
    array_remove(ARRAY[
        CASE WHEN NOT has_table_privilege(c.oid, 'SELECT') THEN 'SELECT' END,
        CASE WHEN NOT has_table_privilege(c.oid, 'UPDATE') THEN 'UPDATE' END,
        CASE WHEN NOT has_table_privilege(c.oid, 'TRIGGER') THEN 'TRIGGER' END
    ], NULL) AS missing
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relname = %(table)s;

-- name: source_now
-- What the source of a pipeline is called now, if it was called so before.
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
FROM pgazure.pipeline p
JOIN pg_catalog.pg_class c ON c.oid = p.source_oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE p.name = %(name)s AND (p.source_schema, p.source_table) = (%(schema)s, %(table)s);

-- name: columns_renamed
-- Columns that had other names when a pipeline was applied.
SELECT k.key AS old, a.attname AS new
FROM pgazure.pipeline p
CROSS JOIN LATERAL jsonb_each(p.source_columns) AS k
JOIN pg_catalog.pg_attribute a ON a.attrelid = p.source_oid AND a.attnum = k.value::int AND NOT a.attisdropped
WHERE p.name = %(name)s AND p.source_oid = %(relation)s::oid AND k.key = ANY (%(columns)s::text[]) AND a.attname <> k.key
ORDER BY a.attnum;

-- name: similar_tables
-- Tables of the same name in other schemas, for a better error message.
SELECT n.nspname || '.' || c.relname AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgazure')
    AND (c.relname = %(table)s OR n.nspname = %(schema)s)
ORDER BY (c.relname = %(table)s) DESC, 1
LIMIT 10;

-- name: default_schema
-- Where an unqualified name is made or found.
SELECT coalesce(
    (SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = to_regclass(quote_ident(%(table)s))),
    current_schema()) AS name;

-- name: extension_schema
-- Where an extension is installed; no row where it is not.
SELECT n.nspname AS name
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = %(extension)s;

-- name: schema_exists
-- Whether a schema is there, and whether the current role may create in it.
SELECT has_schema_privilege(oid, 'CREATE') AS may_create FROM pg_catalog.pg_namespace WHERE nspname = %(schema)s;

-- name: migrations_exist
-- Whether the table of migrations has been made.
SELECT to_regclass('pgazure.migration') IS NOT NULL AS present;

-- name: migrations_table
-- Make the table of migrations.
CREATE TABLE IF NOT EXISTS pgazure.migration (
    version integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: migrations_applied
-- Versions applied so far, with the hash of each file.
SELECT version, name, sha256 FROM pgazure.migration ORDER BY version;

-- name: migration_record
-- Remember one migration.
INSERT INTO pgazure.migration (version, name, sha256) VALUES (%(version)s, %(name)s, %(sha256)s);

-- name: migration_lock
-- Let one installer run at a time.
SELECT pg_advisory_xact_lock(hashtextextended('pgazure.migration', 0));
