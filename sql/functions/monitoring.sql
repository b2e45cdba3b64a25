-- How pipelines stand, for people, dashboards and alerts.

DROP FUNCTION IF EXISTS pgazure.count_rows(regclass, boolean);
CREATE OR REPLACE FUNCTION pgazure.count_rows(
    relation regclass,
    exact boolean,
    condition text DEFAULT NULL,
    OUT rows bigint,
    OUT counted boolean
)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    matching text := coalesce(' AS s WHERE ' || condition, '');
    plan json;
BEGIN
    counted := true;
    IF relation IS NULL THEN
        rows := 0;
        RETURN;
    END IF;
    IF NOT exact THEN
        -- Few rows may meet a condition, so it is the rows of the relation that are looked at.
        EXECUTE 'SELECT count(*) FROM (SELECT FROM ' || relation || ' LIMIT 10001) AS first' INTO rows;
        counted := rows <= 10000;
    END IF;
    IF NOT counted THEN
        -- The planner knows how large a table has grown since its statistics were taken.
        EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM ' || relation || matching INTO plan;
        rows := greatest((plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint, CASE WHEN condition IS NULL THEN 10001 ELSE 0 END);
    ELSIF exact OR condition IS NOT NULL THEN
        EXECUTE 'SELECT count(*) FROM ' || relation || matching INTO rows;
    END IF;
END
$$;
COMMENT ON FUNCTION pgazure.count_rows(regclass, boolean, text) IS
    'Rows of a relation s that meet a condition: counted where it is asked for or there are 10,000 at most, else estimated by the planner';

CREATE OR REPLACE FUNCTION pgazure.count_pending(pipeline text, exact boolean DEFAULT false, OUT rows bigint, OUT counted boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bundles regclass := to_regclass(format('pgazure.%I', 'bundles_' || pipeline));
    changed record;
    bundled bigint := 0;
BEGIN
    SELECT * INTO changed FROM pgazure.count_rows(to_regclass(format('pgazure.%I', 'changes_' || pipeline)), exact);
    IF bundles IS NOT NULL THEN
        EXECUTE 'SELECT coalesce(sum(bundle_size), 0) FROM ' || bundles INTO bundled;
    END IF;
    IF exact OR (changed.counted AND bundled <= 10000) THEN
        SELECT * INTO rows, counted FROM pgazure.count_rows(to_regclass(format('pgazure.%I', 'pending_' || pipeline)), exact);
    ELSE
        -- So many changes take long to be told apart: a row that was changed twice counts twice.
        SELECT q.rows INTO rows FROM pgazure.count_rows(to_regclass(format('pgazure.%I', 'queue_' || pipeline)), exact) AS q;
        rows := rows + changed.rows + bundled;
        counted := false;
    END IF;
END
$$;
COMMENT ON FUNCTION pgazure.count_pending(text, boolean) IS
    'Rows of a pipeline that wait or are worked on: counted where it is asked for or they are few, else estimated';

CREATE OR REPLACE FUNCTION pgazure.compose_condition(spec jsonb, relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(
        format('s.%I %s', a.attname, upper(o.op)) || CASE
            WHEN o.op IN ('in', 'not in') THEN format(' (%s)', (
                SELECT string_agg(format('%L::%s', v.value, t.type), ', ') FROM jsonb_array_elements_text(c.value -> 'value') AS v
            ))
            WHEN o.op LIKE 'is %' THEN ''
            ELSE format(' %L::%s', c.value ->> 'value', t.type)
        END, ' AND ')
    FROM jsonb_array_elements(spec #> '{source,where}') AS c
    JOIN pg_attribute a ON a.attrelid = relation AND a.attname = c.value ->> 'column' AND NOT a.attisdropped
    -- Only words that are known become SQL.
    JOIN unnest(ARRAY['=', '<>', '<', '<=', '>', '>=', 'in', 'not in', 'like', 'not like', 'is null', 'is not null',
        'is true', 'is not true']) AS o (op) ON o.op = coalesce(c.value ->> 'op', 'is true'),
    LATERAL format_type(a.atttypid, a.atttypmod) AS t (type)
$$;
COMMENT ON FUNCTION pgazure.compose_condition(jsonb, regclass) IS
    'The conditions of a specification as SQL over the alias s; NULL where it has none';

CREATE OR REPLACE FUNCTION pgazure.same_key(pipeline text, one text, other text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format('%s.%I OPERATOR(%I.=) %s.%I', one, a.attname, n.nspname, other, a.attname), ' AND ')
    FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) AS k (attnum, opclass)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    JOIN pg_opclass c ON c.oid = k.opclass
    JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3
        AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
    JOIN pg_operator o ON o.oid = m.amopopr
    JOIN pg_namespace n ON n.oid = o.oprnamespace
    WHERE i.indrelid = to_regclass(format('pgazure.%I', 'queue_' || pipeline)) AND i.indisprimary
$$;
COMMENT ON FUNCTION pgazure.same_key(text, text, text) IS
    'Equality of the keys of two table aliases, as SQL that holds under any search_path';

CREATE OR REPLACE FUNCTION pgazure.is_alive(run_id bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended('pgazure.run.' || run_id, 0)
    )
$$;
COMMENT ON FUNCTION pgazure.is_alive(bigint) IS 'Whether a run is at work: it holds a lock for as long as it lives';

-- SECURITY DEFINER, so that whoever watches a pipeline need not be able to read its source: numbers come out, no rows.
CREATE OR REPLACE FUNCTION pgazure.read_status(pipeline text, exact boolean DEFAULT false)
RETURNS TABLE (
    source text,
    state text,
    source_rows bigint,
    pending bigint,
    waiting_since timestamptz,
    lag interval,
    stale bigint,
    failed bigint,
    parked bigint,
    coverage double precision,
    runs integer,
    rate double precision,
    eta interval,
    halted text[],
    spent_today numeric,
    spent numeric,
    last_run timestamptz,
    last_outcome text,
    counted boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p pgazure.pipeline;
    queue regclass;
    waiting regclass;
    relation regclass;
    leavings regclass;
    rows record;
    changed_since timestamptz;
    looked bigint;
    known bigint;
    results text;
BEGIN
    SELECT * INTO p FROM pgazure.pipeline WHERE name = read_status.pipeline;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    queue := to_regclass(format('pgazure.%I', 'queue_' || p.name));
    relation := to_regclass(format('%I.%I', p.source_schema, p.source_table));
    source := format('%I.%I', p.source_schema, p.source_table);
    BEGIN
        SELECT * INTO rows FROM pgazure.count_rows(relation, exact, pgazure.compose_condition(p.spec, relation));
    EXCEPTION WHEN undefined_function THEN
        -- An operator of a type that is not PostgreSQL's own: no path of names is trusted here to find it by.
        SELECT * INTO rows FROM pgazure.count_rows(relation, exact);
        rows.counted := false;
    END;
    source_rows := rows.rows;
    counted := rows.counted;
    EXECUTE format('SELECT min(waiting_since) FROM %s', queue) INTO waiting_since;
    waiting := queue;
    FOREACH leavings IN ARRAY ARRAY[
        to_regclass(format('pgazure.%I', 'bundles_' || p.name)), to_regclass(format('pgazure.%I', 'changes_' || p.name))
    ] LOOP
        CONTINUE WHEN leavings IS NULL;
        -- The oldest come first in these tables, which have no index.
        EXECUTE format('SELECT min(nullif(changed_at, ''epoch'')) FROM (SELECT changed_at FROM %s LIMIT 10000) AS first', leavings)
        INTO changed_since;
        waiting_since := least(waiting_since, changed_since);
    END LOOP;
    SELECT * INTO rows FROM pgazure.count_pending(p.name, exact);
    pending := rows.rows;
    counted := counted AND rows.counted;
    IF rows.counted THEN
        waiting := to_regclass(format('pgazure.%I', 'pending_' || p.name));
    ELSIF changed_since IS NOT NULL THEN
        -- So many are not told apart; a large write leaves its first keys here.
        waiting := leavings;
    END IF;
    lag := CASE WHEN waiting_since IS NOT NULL THEN greatest(now() - waiting_since, interval '0') END;
    SELECT string_agg(
        format('EXISTS (SELECT FROM %I.%I r WHERE %s)', r.result_schema, r.result_table, pgazure.same_key(p.name, 'q', 'r')),
        ' OR '
    ) INTO results
    FROM pgazure.step r
    WHERE r.pipeline_id = p.pipeline_id AND to_regclass(format('%I.%I', r.result_schema, r.result_table)) IS NOT NULL;
    EXECUTE format(
        'SELECT count(*), count(*) FILTER (WHERE %s) FROM (SELECT * FROM %s %s) AS q',
        coalesce(results, 'false'), waiting, CASE WHEN exact THEN '' ELSE 'LIMIT 10000' END
    ) INTO looked, known;
    stale := CASE WHEN looked > 0 THEN round(known::numeric * pending / looked) ELSE 0 END;
    SELECT count(DISTINCT e.key), count(DISTINCT e.key) FILTER (WHERE e.parked), counted AND (exact OR count(*) < 100000)
    INTO failed, parked, counted
    FROM (
        SELECT * FROM pgazure.error WHERE pipeline_id = p.pipeline_id LIMIT CASE WHEN NOT exact THEN 100000 END
    ) AS e;
    coverage := CASE WHEN source_rows > 0
        THEN greatest(1 - (pending + parked)::float8 / source_rows, 0) ELSE 1 END;
    SELECT count(*)::integer, sum(r.rate) INTO runs, rate
    FROM pgazure.run r WHERE r.pipeline_id = p.pipeline_id AND r.finished_at IS NULL AND pgazure.is_alive(r.run_id);
    eta := CASE WHEN pending = 0 THEN interval '0' WHEN rate > 0 THEN make_interval(secs => pending / rate) END;
    SELECT coalesce(array_agg(s.name ORDER BY s.name), '{}') INTO halted
    FROM pgazure.step s WHERE s.pipeline_id = p.pipeline_id AND s.halted_at IS NOT NULL;
    state := CASE WHEN p.paused_at IS NOT NULL THEN 'paused' WHEN halted <> '{}' THEN 'halted'
        WHEN runs > 0 THEN 'running' WHEN pending > 0 THEN 'waiting' ELSE 'idle' END;
    SELECT coalesce(sum(s.price) FILTER (WHERE s.day = (now() AT TIME ZONE 'UTC')::date), 0), coalesce(sum(s.price), 0)
    INTO spent_today, spent
    FROM pgazure.spending s WHERE s.pipeline_id = p.pipeline_id;
    SELECT r.started_at, r.outcome INTO last_run, last_outcome
    FROM pgazure.run r WHERE r.pipeline_id = p.pipeline_id ORDER BY r.run_id DESC LIMIT 1;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgazure.read_status(text, boolean) IS
    'How a pipeline stands. Tables of more than 10,000 rows are estimated unless exact is true: counted says which';

-- SECURITY DEFINER for the same reason.
CREATE OR REPLACE FUNCTION pgazure.read_steps(pipeline text, exact boolean DEFAULT false)
RETURNS TABLE (
    step text,
    operation text,
    result_table text,
    rows bigint,
    results bigint,
    failed bigint,
    parked bigint,
    latest timestamptz,
    halted_at timestamptz,
    halted_class pgazure.error_class,
    halted_code text,
    halted_message text,
    counted boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    s record;
    found record;
    relation regclass;
    keys text;
    share double precision;
BEGIN
    SELECT string_agg(quote_ident(a.attname), ', ') INTO keys
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = to_regclass(format('pgazure.%I', 'queue_' || read_steps.pipeline)) AND i.indisprimary;
    FOR s IN
        SELECT t.* FROM pgazure.step t JOIN pgazure.pipeline p USING (pipeline_id)
        WHERE p.name = read_steps.pipeline ORDER BY t.name
    LOOP
        step := s.name;
        operation := s.operation;
        result_table := format('%I.%I', s.result_schema, s.result_table);
        relation := to_regclass(result_table);
        SELECT * INTO found FROM pgazure.count_rows(relation, exact);
        results := found.rows;
        counted := found.counted;
        latest := NULL;
        share := 1;
        IF relation IS NOT NULL THEN
            -- A row may have several results: the first ones tell how many.
            EXECUTE format(
                'SELECT count(DISTINCT (%s))::float8 / nullif(count(*), 0), max(enriched_at) FROM (SELECT * FROM %s %s) AS first',
                keys, relation, CASE WHEN counted THEN '' ELSE 'LIMIT 10000' END
            ) INTO share, latest;
        END IF;
        rows := round(results * coalesce(share, 0));
        IF NOT counted THEN
            latest := NULL;
        END IF;
        SELECT count(*), count(*) FILTER (WHERE e.parked) INTO failed, parked
        FROM pgazure.error e WHERE e.pipeline_id = s.pipeline_id AND e.step = s.name;
        halted_at := s.halted_at;
        halted_class := s.halted_class;
        halted_code := s.halted_code;
        halted_message := s.halted_message;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgazure.read_steps(text, boolean) IS
    'How the steps of a pipeline stand. Tables of more than 10,000 rows are estimated unless exact is true: counted says which';

CREATE OR REPLACE VIEW pgazure.status AS
SELECT p.name AS pipeline, s.*
FROM pgazure.pipeline p CROSS JOIN LATERAL pgazure.read_status(p.name) AS s;
COMMENT ON VIEW pgazure.status IS
    'How each pipeline stands: coverage, what waits and since when, errors, rate, time left, spend. '
    'Where counted is false, numbers of rows are estimates: see read_status';

CREATE OR REPLACE VIEW pgazure.step_status AS
SELECT p.name AS pipeline, s.*
FROM pgazure.pipeline p CROSS JOIN LATERAL pgazure.read_steps(p.name) AS s;
COMMENT ON VIEW pgazure.step_status IS
    'How each step stands: rows with a result, errors, and why it stands still. '
    'Where counted is false, numbers of rows are estimates: see read_steps';

-- With USAGE on the schema, which prefetch gives to everybody, comes no look at the figures.
REVOKE EXECUTE ON FUNCTION pgazure.read_status(text, boolean), pgazure.read_steps(text, boolean) FROM PUBLIC;
