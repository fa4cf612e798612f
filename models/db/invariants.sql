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
-- A case that is over has no task in hand and no clock of one running.
SELECT c.case_no::text AS what, 'task ' || t.task_no || ' ' || t.state AS found
  FROM cases c JOIN task t ON t.city = c.city AND t.case_no = c.case_no
 WHERE c.city = $1 AND c.state IN ('REJECTED', 'TRANSFERRED', 'CLOSED', 'ARCHIVED')
   AND t.state NOT IN ('DONE', 'RETURNED', 'WITHDRAWN')
UNION ALL
SELECT c.case_no::text, 'clock ' || k.code
  FROM clock k JOIN cases c ON c.city = k.city AND c.case_no = k.case_no
 WHERE k.city = $1 AND k.stopped_at IS NULL AND k.task_no > 0
   AND c.state IN ('REJECTED', 'TRANSFERRED', 'CLOSED', 'ARCHIVED')
 ORDER BY 1 LIMIT $2;

-- name: nothing_stands_for_good
-- Clocks stand while a suspension holds that ends them, and never of a case that is over.
SELECT c.case_no::text AS what, format('%s since %s', c.state, c.suspended_at) AS found FROM cases c
 WHERE c.city = $1 AND c.suspended_at IS NOT NULL
   AND (c.state NOT IN ('SCREEN', 'ACCEPTED', 'DISPATCHED', 'IN_PROGRESS')
        OR NOT EXISTS (SELECT 1 FROM suspension s WHERE s.city = c.city AND s.case_no = c.case_no
                          AND s.state = 'granted'))
 ORDER BY c.case_no LIMIT $2;

-- name: no_closed_case_has_an_open_part
-- A case that was split is answered when its parts are over, not before.
SELECT p.case_no::text AS what, format('part %s %s', c.case_no, c.state) AS found
  FROM cases c JOIN cases p ON p.city = c.city AND p.case_no = c.parent_no
 WHERE c.city = $1 AND c.parent_no IS NOT NULL AND p.state IN ('CLOSED', 'ARCHIVED')
   AND c.state NOT IN ('CLOSED', 'ARCHIVED', 'REJECTED', 'TRANSFERRED', 'MERGED')
 ORDER BY c.case_no LIMIT $2;

-- name: merged_cases_have_a_main_one
-- A merged case leads to one that is there and answers itself.
SELECT c.case_no::text AS what, format('into %s %s', c.merged_into, m.state) AS found
  FROM cases c LEFT JOIN cases m ON m.city = c.city AND m.case_no = c.merged_into
 WHERE c.city = $1
   AND (c.state = 'MERGED' AND (m.case_no IS NULL OR m.state = 'MERGED')
        OR c.state <> 'MERGED' AND c.merged_into IS NOT NULL)
 ORDER BY c.case_no LIMIT $2;

-- name: links_say_what_cases_say
-- A merge or split that holds is what the case says of itself, and the other way round.
SELECT l.case_no::text AS what, l.kind || ' ' || l.other_no AS found
  FROM case_link l LEFT JOIN cases c ON c.city = l.city AND c.case_no = l.case_no
 WHERE l.city = $1 AND l.undone_at IS NULL
   AND (l.kind = 'merge' AND (c.merged_into IS DISTINCT FROM l.other_no OR c.state <> 'MERGED')
        OR l.kind = 'split' AND (c.parent_no IS DISTINCT FROM l.other_no OR c.state = 'MERGED'))
UNION ALL
SELECT c.case_no::text, 'merged into ' || c.merged_into
  FROM cases c
 WHERE c.city = $1 AND c.state = 'MERGED'
   AND NOT EXISTS (SELECT 1 FROM case_link l WHERE l.city = c.city AND l.case_no = c.case_no
                      AND l.kind IN ('merge', 'split'))
 ORDER BY 1 LIMIT $2;

-- name: merged_cases_are_at_rest
-- Nobody works on a merged case and none of its promises runs: the main one's do. What the desk asked beside it, and a
-- reward, may still be waited for.
SELECT c.case_no::text AS what, 'task ' || t.task_no || ' ' || t.state AS found
  FROM cases c JOIN task t ON t.city = c.city AND t.case_no = c.case_no
 WHERE c.city = $1 AND c.state = 'MERGED' AND t.state NOT IN ('DONE', 'RETURNED', 'WITHDRAWN')
UNION ALL
SELECT c.case_no::text, 'clock ' || k.code
  FROM cases c JOIN clock k ON k.city = c.city AND k.case_no = c.case_no
 WHERE c.city = $1 AND c.state = 'MERGED' AND k.stopped_at IS NULL AND NOT k.desk
 ORDER BY 1 LIMIT $2;

-- name: one_lead
-- A case has one lead at most, and it is the unit that the case names.
SELECT t.case_no::text AS what, format('lead %s, case %s', string_agg(t.unit, ' '), max(c.lead_unit)) AS found
  FROM task t JOIN cases c ON c.city = t.city AND c.case_no = t.case_no
 WHERE t.city = $1 AND t.is_lead AND t.state NOT IN ('RETURNED', 'WITHDRAWN')
 GROUP BY t.case_no HAVING count(*) > 1 OR max(t.unit) IS DISTINCT FROM max(c.lead_unit)
 ORDER BY 1 LIMIT $2;

-- name: the_ledger_agrees_with_the_case
-- Whoever holds a case by its state holds it in the ledger.
SELECT c.case_no::text AS what, format('case %s %s, ledger %s %s', holding_of(c), c.lead_unit, h.holding, h.unit) AS found
  FROM cases c LEFT JOIN custody h ON h.city = c.city AND h.case_no = c.case_no AND h.until_at IS NULL
 WHERE c.city = $1 AND (holding_of(c), CASE WHEN holding_of(c) = 'unit' THEN c.lead_unit END)
       IS DISTINCT FROM (h.holding, h.unit)
 ORDER BY c.case_no LIMIT $2;

-- name: nobody_holds_a_case_with_another
-- The rows of a case's ledger follow each other.
SELECT h.case_no::text AS what, format('%s until %s, %s from %s', h.seq, h.until_at, n.seq, n.from_at) AS found
  FROM custody h JOIN custody n ON n.city = h.city AND n.case_no = h.case_no AND n.seq = h.seq + 1
 WHERE h.city = $1 AND (h.until_at IS NULL OR n.from_at < h.until_at)
 ORDER BY h.case_no LIMIT $2;

-- name: closed_cases_are_undisputed
-- A case that is over has no dispute about who leads it.
SELECT d.case_no::text AS what, d.stage AS found FROM dispute d JOIN cases c ON c.city = d.city AND c.case_no = d.case_no
 WHERE d.city = $1 AND d.settled_at IS NULL AND c.state IN ('REJECTED', 'TRANSFERRED', 'MERGED', 'CLOSED', 'ARCHIVED')
 ORDER BY d.case_no LIMIT $2;

-- name: designated_units_do_not_return
-- Nobody asked to be relieved of a case after its lead was designated or agreed on.
SELECT r.case_no::text AS what, r.unit AS found FROM return_request r JOIN dispute d ON d.city = r.city
   AND d.case_no = r.case_no AND d.settled_at < r.requested_at
 WHERE r.city = $1 ORDER BY r.case_no LIMIT $2;

-- name: no_unit_has_a_complaint_about_itself
-- A unit complained of has no task of the case while it is open.
SELECT t.case_no::text AS what, t.unit AS found FROM accused a JOIN task t ON t.city = a.city AND t.case_no = a.case_no
   AND t.unit = a.unit AND t.state NOT IN ('RETURNED', 'WITHDRAWN')
  JOIN cases c ON c.city = a.city AND c.case_no = a.case_no AND c.closed_at IS NULL
 WHERE a.city = $1 ORDER BY t.case_no LIMIT $2;

-- name: told_alarms_have_reached_someone
-- An alarm that counts as told has its escalation and its notice.
SELECT a.case_no::text AS what, a.code || ' ' || a.level AS found FROM clock_alarm a
 WHERE a.city = $1 AND a.escalated_at > a.at
   AND NOT EXISTS (SELECT 1 FROM escalation e WHERE e.city = a.city AND e.case_no = a.case_no
                      AND e.task_no = a.task_no AND e.code = a.code AND e.attempt = a.attempt AND e.level = a.level)
 ORDER BY a.case_no LIMIT $2;

-- name: ledgered_cases_are_not_over
-- A case in the ledger is neither closed nor archived.
SELECT l.case_no::text AS what, c.state AS found FROM ledger_entry l
  JOIN cases c ON c.city = l.city AND c.case_no = l.case_no
 WHERE l.city = $1 AND l.released_at IS NULL AND c.state IN ('CLOSED', 'ARCHIVED', 'REJECTED', 'TRANSFERRED', 'MERGED')
 ORDER BY l.case_no LIMIT $2;

-- name: letters_press_in_order
-- 提醒, then 约谈, then 通报; the first letter to a unit over a case that is not a 提醒 says why.
SELECT d.case_no::text AS what, d.number || ' ' || d.kind AS found FROM press_document d
 WHERE d.city = $1 AND d.kind <> 'remind' AND d.skip_reason IS NULL
   AND NOT EXISTS (SELECT 1 FROM press_document e WHERE e.city = d.city AND e.case_no = d.case_no
                      AND e.to_unit = d.to_unit AND e.document_id < d.document_id)
 ORDER BY d.case_no LIMIT $2;
