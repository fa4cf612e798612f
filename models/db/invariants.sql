-- What must hold whatever happened; each statement gives the rows that break it, at most $2.

-- name: cities
-- The cities of which this database holds anything.
SELECT DISTINCT city FROM city_release ORDER BY city;

-- name: case_numbers_have_no_gap
-- As many cases of a day as its counter says: none was deleted, none came from elsewhere.
SELECT k.day::text AS what, format('counter %s, cases %s', k.n, count(c.case_no)) AS found
  FROM case_counter k LEFT JOIN cases c ON c.city = k.city
   AND c.case_no > (to_char(k.day, 'YYYYMMDD')::bigint) * 1000000
   AND c.case_no < (to_char(k.day, 'YYYYMMDD')::bigint + 1) * 1000000
 WHERE k.city = $1 GROUP BY k.day, k.n HAVING count(c.case_no) <> k.n ORDER BY k.day LIMIT $2;

-- name: every_case_has_history
-- A case without any event was not made by this program.
SELECT c.case_no::text AS what, c.state AS found FROM cases c
 WHERE c.city = $1
   AND NOT EXISTS (SELECT 1 FROM event e WHERE e.city = c.city AND e.case_no = c.case_no)
 ORDER BY c.case_no LIMIT $2;

-- name: every_reference_has_its_case
-- A number given by a source leads to a case.
SELECT r.source || ' ' || r.external_no AS what, r.case_no::text AS found FROM case_ref r
 WHERE r.city = $1
   AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.city = r.city AND c.case_no = r.case_no)
 ORDER BY 1 LIMIT $2;

-- name: work_in_hand_has_one_lead
-- A dispatched case has a unit that leads it.
SELECT c.case_no::text AS what, c.state AS found FROM cases c
 WHERE c.city = $1 AND c.state IN ('DISPATCHED', 'IN_PROGRESS', 'SUBMITTED')
   AND NOT EXISTS (SELECT 1 FROM task t WHERE t.city = c.city AND t.case_no = c.case_no
                      AND t.is_lead AND t.state NOT IN ('RETURNED', 'WITHDRAWN'))
 ORDER BY c.case_no LIMIT $2;

-- name: closed_cases_are_at_rest
-- A closed case has no task in hand and no clock running.
SELECT c.case_no::text AS what, 'task ' || t.task_no || ' ' || t.state AS found
  FROM cases c JOIN task t ON t.city = c.city AND t.case_no = c.case_no
 WHERE c.city = $1 AND c.state IN ('CLOSED', 'ARCHIVED')
   AND t.state NOT IN ('DONE', 'RETURNED', 'WITHDRAWN')
UNION ALL
SELECT c.case_no::text, 'clock ' || k.code
  FROM clock k JOIN cases c ON c.city = k.city AND c.case_no = k.case_no
 WHERE k.city = $1 AND k.stopped_at IS NULL AND c.state IN ('CLOSED', 'ARCHIVED') AND k.task_no > 0
 ORDER BY 1 LIMIT $2;
