-- Figures of a city's work, counted from its cases in one go and kept with them: one row for each unit that led a case.

-- name: unhurried
-- Let a count take its time: a great city's month is more than fits into the time of a request.
SELECT set_config('statement_timeout', '0', true);

-- name: open_run
-- Begin a count of what happened from $3 on, before $4.
INSERT INTO mark_run (city, run_id, since, until, made_at, made_by) VALUES ($1, $2, $3, $4, $5, $6);

-- name: keep_cases
-- Keep the cases of a count with what held of each; $5 are the codes of the clocks that promise to close, $6 the types
-- that are no complaint about the environment: a case of these alone has the bit after those that 0009 knew. The last
-- bit is of cases whose citizen did not say, of the present closing, that nobody called.
INSERT INTO mark_case (city, run_id, case_no, unit, adcode, mask)
SELECT $1, $2, m.case_no, m.unit, m.adcode,
       m.mask | ((c.types <> '{}' AND c.types <@ $6::text[])::int::bigint << 19)
              | ((NOT EXISTS (SELECT 1 FROM verification v WHERE v.city = $1 AND v.case_no = c.case_no
                                 AND v.at >= c.closed_at AND NOT v.redo AND NOT v.contacted))::int::bigint << 21)
  FROM case_marks($1, $3, $4, $5) m JOIN cases c ON c.city = $1 AND c.case_no = m.case_no;

-- name: keep_figures
-- Count the figures of a run: $3 formulas, $4 versions, $5 the conditions of the denominator, $6 those of the numerator
-- too, $7 those that must not hold. A unit is counted by its own rows; city and counties count a case once, by all that
-- held of it with any of its units.
WITH alike AS MATERIALIZED (  -- cases of which the same held: far fewer than cases
    SELECT 'unit' AS scope, m.unit AS area, m.mask, count(*) AS n FROM mark_case m
     WHERE m.city = $1 AND m.run_id = $2 GROUP BY m.unit, m.mask
    UNION ALL
    SELECT CASE WHEN grouping(w.adcode) = 0 THEN 'county' ELSE 'city' END, CASE WHEN grouping(w.adcode) = 0 THEN w.adcode
           ELSE $1 END, w.mask, count(*)
      FROM (SELECT m.adcode, bit_or(m.mask) AS mask FROM mark_case m WHERE m.city = $1 AND m.run_id = $2
             GROUP BY m.case_no, m.adcode) w
     GROUP BY GROUPING SETS ((w.mask), (w.adcode, w.mask))
)
INSERT INTO mark (city, run_id, formula, version, scope, area, numerator, denominator)
SELECT $1, $2, f.code, f.version, a.scope, a.area, coalesce(sum(a.n) FILTER (WHERE a.mask & f.top = f.top), 0), sum(a.n)
  FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[]) AS f (code, version, base, top, without)
  JOIN alike a ON a.mask & f.base = f.base AND a.mask & f.without = 0 AND a.area IS NOT NULL
 GROUP BY f.code, f.version, a.scope, a.area;

-- name: run
-- One count.
SELECT run_id, since, until, made_at, made_by FROM mark_run WHERE city = $1 AND run_id = $2;

-- name: newest
-- The newest count of a stretch of time.
SELECT run_id, since, until, made_at, made_by FROM mark_run
 WHERE city = $1 AND since = $2 AND until = $3 ORDER BY made_at DESC LIMIT 1;

-- name: figures
-- The figures of a count.
SELECT formula, version, scope, area, numerator, denominator FROM mark
 WHERE city = $1 AND run_id = $2 ORDER BY scope, area, formula;

-- name: cases_of
-- The cases behind a figure ($3 scope, $4 area): those of the denominator, and whether each counts in the numerator.
SELECT w.case_no, w.mask & $6 = $6 AS counts
  FROM (SELECT m.case_no, bit_or(m.mask) AS mask FROM mark_case m
         WHERE m.city = $1 AND m.run_id = $2
           AND CASE $3 WHEN 'unit' THEN m.unit = $4 WHEN 'county' THEN m.adcode = $4 ELSE true END
         GROUP BY m.case_no) w
 WHERE w.mask & $5 = $5 AND w.mask & $7 = 0
 ORDER BY w.case_no;

-- name: totals
-- How many cases a count has that were dispatched ($4) and closed ($3) in its time, parts for themselves ($5), and
-- how many of the closed ones are left out ($6); those that are no complaint about the environment ($7) are apart.
SELECT count(*) FILTER (WHERE w.mask & $4 <> 0 AND w.mask & $7 = 0) AS dispatched,
       count(*) FILTER (WHERE w.mask & $3 <> 0 AND w.mask & $7 = 0) AS closed,
       count(*) FILTER (WHERE w.mask & $3 <> 0 AND w.mask & $7 = 0 AND w.mask & $6 <> 0) AS excluded,
       count(*) FILTER (WHERE w.mask & $7 <> 0) AS others
  FROM (SELECT bit_or(m.mask) AS mask FROM mark_case m WHERE m.city = $1 AND m.run_id = $2 GROUP BY m.case_no) w
 WHERE w.mask & $5 <> 0;

-- name: others
-- The cases of a count that are no complaint about the environment ($3).
SELECT DISTINCT m.case_no FROM mark_case m WHERE m.city = $1 AND m.run_id = $2 AND m.mask & $3 <> 0 ORDER BY m.case_no;
