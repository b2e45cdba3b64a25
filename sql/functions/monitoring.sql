-- How pipelines stand, for people, dashboards and alerts.

CREATE OR REPLACE FUNCTION pgazure.count_rows(relation regclass, exact boolean, OUT rows bigint, OUT counted boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    plan json;
BEGIN
    counted := true;
    IF relation IS NULL THEN
        rows := 0;
    ELSIF exact THEN
        EXECUTE 'SELECT count(*) FROM ' || relation INTO rows;
    ELSE
        EXECUTE 'SELECT count(*) FROM (SELECT FROM ' || relation || ' LIMIT 10001) AS first' INTO rows;
        IF rows > 10000 THEN
            -- The planner knows how large a table has grown since its statistics were taken.
            EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM ' || relation INTO plan;
            rows := greatest((plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint, 10001);
            counted := false;
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION pgazure.count_rows(regclass, boolean) IS
    'Rows of a relation: counted where it is asked for or there are 10,000 at most, else estimated by the planner';

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
    changes regclass;
    waiting regclass;
    relation regclass;
    rows record;
    changed record;
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
    changes := to_regclass(format('pgazure.%I', 'changes_' || p.name));
    relation := to_regclass(format('%I.%I', p.source_schema, p.source_table));
    source := format('%I.%I', p.source_schema, p.source_table);
    SELECT * INTO rows FROM pgazure.count_rows(relation, exact);
    source_rows := rows.rows;
    counted := rows.counted;
    SELECT * INTO changed FROM pgazure.count_rows(changes, exact);
    IF changed.counted THEN
        waiting := to_regclass(format('pgazure.%I', 'pending_' || p.name));
        SELECT * INTO rows FROM pgazure.count_rows(waiting, exact);
        pending := rows.rows;
    ELSE
        -- So many changes take long to be told apart: a row that was changed twice counts twice.
        waiting := changes;
        SELECT * INTO rows FROM pgazure.count_rows(queue, exact);
        pending := rows.rows + changed.rows;
    END IF;
    counted := counted AND rows.counted AND changed.counted;
    EXECUTE format('SELECT min(waiting_since) FROM %s', queue) INTO waiting_since;
    IF changes IS NOT NULL THEN
        -- The oldest changes come first in their table, which has no index.
        EXECUTE format(
            'SELECT min(changed_at) FILTER (WHERE changed_at > ''epoch'') FROM (SELECT changed_at FROM %s LIMIT 10000) AS first',
            changes
        ) INTO changed_since;
        waiting_since := least(waiting_since, changed_since);
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
