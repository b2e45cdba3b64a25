-- Where a statement that writes many rows leaves their keys, for the pipelines that there are.

DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT p.name, string_agg(format('%I %s[]', a.attname,
            CASE WHEN t.typcategory = 'A' THEN 'text' ELSE format_type(a.atttypid, a.atttypmod) END), ', ' ORDER BY a.attnum) AS columns,
            string_agg(format('ALTER %I SET STORAGE EXTERNAL', a.attname), ', ') AS storage
        FROM pgazure.pipeline p
        JOIN pg_catalog.pg_attribute a ON a.attrelid = to_regclass(format('pgazure.%I', 'changes_' || p.name))
            AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'changed_at'
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        GROUP BY p.name
    LOOP
        EXECUTE format(
            'CREATE TABLE pgazure.%I (%s, bundle_size integer NOT NULL, changed_at timestamptz NOT NULL DEFAULT now())',
            'bundles_' || found.name, found.columns
        );
        EXECUTE format('ALTER TABLE pgazure.%I %s', 'bundles_' || found.name, found.storage);
    END LOOP;
END
$$;
