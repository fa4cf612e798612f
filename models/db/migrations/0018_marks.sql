-- What a figure measures is each unit's own work: of a case that several units led one after the other, one row each.
ALTER TABLE mark_case ALTER COLUMN unit SET NOT NULL, DROP CONSTRAINT mark_case_pkey,
    ADD PRIMARY KEY (city, run_id, case_no, unit);
-- A case that was opened again and closed again may be left out again: the exclusion of one closing is not the next's.
DROP INDEX exclusion_one_granted;

-- What held of each case that was closed or dispatched in a stretch of time, one bit per condition; the names of the
-- bits, lowest first, are CONDITIONS in models/db/marks.py. `closing` are the codes of the clocks that promise to
-- close a case. A unit that led a case and does no longer has a row with what it did until then, and nothing of the end;
-- what citizens said, and what is left out, is of the present closing alone. No whole case is carried along: the texts
-- and readings of a month are gigabytes, which would go to disk.
CREATE OR REPLACE FUNCTION case_marks(of_city text, since timestamptz, until timestamptz, closing text[])
RETURNS TABLE (case_no bigint, unit text, adcode text, mask bigint) LANGUAGE sql STABLE AS $$
    WITH counted AS MATERIALIZED (
        SELECT c.case_no, c.lead_unit, c.adcode, c.closed_at, c.dispatched_at,
               NOT EXISTS (SELECT 1 FROM cases p WHERE p.city = of_city AND p.parent_no = c.case_no
                              AND p.state <> 'MERGED') AS single
          FROM cases c WHERE c.city = of_city AND c.state NOT IN ('REJECTED', 'TRANSFERRED', 'MERGED')
           AND ((c.closed_at >= since AND c.closed_at < until) OR (c.dispatched_at >= since AND c.dispatched_at < until))
    ), led AS (
        SELECT c.*, u.unit, u.unit IS NOT DISTINCT FROM c.lead_unit AS leads,
               EXISTS (SELECT 1 FROM return_request r WHERE r.city = of_city AND r.case_no = c.case_no
                          AND r.unit = u.unit AND r.granted) AS returned,
               EXISTS (SELECT 1 FROM event e WHERE e.city = of_city AND e.case_no = c.case_no
                          AND e.verb = 'case:task:reworked' AND e.data ->> 'unit' = u.unit) AS reworked,
               EXISTS (SELECT 1 FROM dispute d WHERE d.city = of_city AND d.case_no = c.case_no
                          AND d.cause = 'ping_pong' AND u.unit = ANY (d.parties)) AS ping_pong
          FROM counted c
          CROSS JOIN LATERAL (
               SELECT c.lead_unit AS unit WHERE c.lead_unit IS NOT NULL
               UNION
               SELECT t.unit FROM task t WHERE t.city = of_city AND t.case_no = c.case_no AND t.is_lead) u
    ), facts AS (
        SELECT c.*, v.how, v.solved, v.satisfaction, k.contacted, k.signed, k.done, s.passed,
               EXISTS (SELECT 1 FROM exclusion x WHERE x.city = of_city AND x.case_no = c.case_no AND x.granted
                          AND x.unit = c.unit AND x.asked_at >= c.closed_at) AS excluded,
               EXISTS (SELECT 1 FROM case_link l WHERE l.city = of_city AND l.case_no = c.case_no
                          AND l.kind = 'repeat' AND l.undone_at IS NULL) AS repeated
          FROM led c
          LEFT JOIN LATERAL (
               SELECT bool_and(k.stopped_at <= k.due_at) FILTER (WHERE k.stop_reason = 'case:task:contacted'
                          AND k.unit = c.unit) AS contacted,
                      bool_and(k.stopped_at <= k.due_at) FILTER (WHERE k.stop_reason = 'case:task:signed'
                          AND k.unit = c.unit) AS signed,
                      bool_and(k.stopped_at <= k.due_at) FILTER (WHERE k.task_no = 0 AND k.code = ANY (closing)
                          AND k.stop_reason IN ('case:task:submitted', 'case:closed')) AS done
                 FROM clock k WHERE k.city = of_city AND k.case_no = c.case_no) k ON true
          LEFT JOIN LATERAL (
               SELECT v.how, v.solved, v.satisfaction FROM verification v
                WHERE v.city = of_city AND v.case_no = c.case_no AND v.at >= c.closed_at
                ORDER BY v.round DESC LIMIT 1) v ON true
          LEFT JOIN LATERAL (
               SELECT s.passed FROM spot_check s
                WHERE s.city = of_city AND s.case_no = c.case_no ORDER BY s.n DESC LIMIT 1) s ON true
         WHERE c.leads
    )
    SELECT f.case_no, f.unit, f.adcode,
           coalesce((f.closed_at >= since AND f.closed_at < until)::int::bigint, 0)
           | coalesce((f.dispatched_at >= since AND f.dispatched_at < until)::int::bigint << 1, 0)
           | (f.excluded::int::bigint << 2)
           | (f.single::int::bigint << 3)
           | ((CASE WHEN NOT f.single THEN false
                    WHEN f.how IS NULL THEN f.closed_at IS NOT NULL AND (
                        SELECT may_be_called(w) FROM cases w WHERE w.city = of_city AND w.case_no = f.case_no)
                    ELSE f.how IN ('judged', 'unreached') END)::int::bigint << 4)
           | coalesce((f.how = 'judged')::int::bigint << 5, 0)
           | coalesce((f.how IN ('judged', 'unreached'))::int::bigint << 6, 0)
           | coalesce(f.solved::int::bigint << 7, 0)
           | coalesce((f.satisfaction >= 3)::int::bigint << 8, 0)
           | coalesce(f.contacted::int::bigint << 9, 0)
           | coalesce(f.signed::int::bigint << 10, 0)
           | coalesce((f.done IS NOT NULL)::int::bigint << 11, 0)
           | coalesce(f.done::int::bigint << 12, 0)
           | (f.returned::int::bigint << 13)
           | (f.reworked::int::bigint << 14)
           | (f.repeated::int::bigint << 15)
           | (f.ping_pong::int::bigint << 16)
           | coalesce((f.passed IS NOT NULL)::int::bigint << 17, 0)
           | coalesce(f.passed::int::bigint << 18, 0)
           | coalesce((f.dispatched_at >= since AND f.dispatched_at < until)::int::bigint << 20, 0)
      FROM facts f
    UNION ALL
    SELECT b.case_no, b.unit, b.adcode,
           (b.single::int::bigint << 3)
           | (b.returned::int::bigint << 13)
           | (b.reworked::int::bigint << 14)
           | (b.ping_pong::int::bigint << 16)
           | coalesce((b.dispatched_at >= since AND b.dispatched_at < until)::int::bigint << 20, 0)
      FROM led b WHERE NOT b.leads
$$;
