-- Clocks: started and stopped with the event that does so, swept when `next_at` has come, counted again when
-- the calendar is another one.

-- name: start
-- Start clocks: $2 case, $3 task (0 for the case itself), $4 code, $5 attempt, $6 unit, $7 which of the terms that
-- follow, counted from 1. Clocks of a batch share few terms, so each is sent once: $8 start, $9 due, $10 calendar,
-- $11 provisional, $12 trace, $13 warnings as array literals, $14 what comes next, $15 warned, $16 breached, $17 basis,
-- $18 calendar's version, $19 whether it is the desk's own, $20 days overdue that were noted.
INSERT INTO clock (city, case_no, task_no, code, attempt, unit, started_at, due_at, calendar, provisional, trace,
                   warn_at, next_at, warned, breached_at, basis, counted_by, desk, raised)
SELECT $1, i.case_no, i.task_no, i.code, i.attempt, i.unit, t.started_at, t.due_at, t.calendar, t.provisional, t.trace,
       t.warn_at::timestamptz[], t.next_at, t.warned, t.breached_at, t.basis, t.counted_by, t.desk, t.raised
  FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::smallint[], $6::text[], $7::integer[])
    AS i (case_no, task_no, code, attempt, unit, term)
  JOIN unnest($8::timestamptz[], $9::timestamptz[], $10::text[], $11::boolean[], $12::jsonb[], $13::text[],
              $14::timestamptz[], $15::smallint[], $16::timestamptz[], $17::jsonb[], $18::text[], $19::boolean[],
              $20::smallint[]) WITH ORDINALITY
    AS t (started_at, due_at, calendar, provisional, trace, warn_at, next_at, warned, breached_at, basis, counted_by,
          desk, raised, term)
    ON t.term = i.term;

-- name: stop
-- Stop running clocks of a case, named by task, code and attempt, saying why.
UPDATE clock c SET stopped_at = $3, stop_reason = s.reason, next_at = NULL
  FROM unnest($4::smallint[], $5::text[], $6::smallint[], $7::text[]) AS s (task_no, code, attempt, reason)
 WHERE c.city = $1 AND c.case_no = $2 AND c.task_no = s.task_no AND c.code = s.code AND c.attempt = s.attempt
   AND c.stopped_at IS NULL;

-- name: stop_many
-- Stop running clocks of the codes $4, of the case itself, in many cases: $5 is the event that does it.
-- Whether one runs is asked in words that no partial index answers: while the planner takes a filling table for a small
-- one it would walk through all running clocks of the city; the key is all it may use.
UPDATE clock SET stopped_at = $3, stop_reason = $5, next_at = NULL
 WHERE city = $1 AND case_no = ANY($2::bigint[]) AND task_no = 0 AND code = ANY($4::text[])
   AND COALESCE(stopped_at, 'infinity') = 'infinity';

-- name: unwatched
-- Cases that wait at the desk without any clock but of the codes $3, the oldest first; they are held while theirs is
-- started.
SELECT c.* FROM cases c
 WHERE c.city = $1 AND c.queue = 'review' AND c.state = 'SCREEN'
   AND NOT EXISTS (SELECT 1 FROM clock k WHERE k.city = c.city AND k.case_no = c.case_no AND k.code <> ALL($3::text[]))
 ORDER BY c.case_no LIMIT $2 FOR UPDATE OF c SKIP LOCKED;

-- name: charge
-- Charge the running clocks of the case itself to another unit, or to the desk (NULL); the desk keeps its own.
UPDATE clock SET unit = $3 WHERE city = $1 AND case_no = $2 AND task_no = 0 AND stopped_at IS NULL AND NOT desk;

-- name: of_case
-- All clocks of a case, as they were started.
SELECT * FROM clock WHERE city = $1 AND case_no = $2 ORDER BY task_no, code, attempt;

-- name: moment
-- The database's own time, the same for everyone who asks.
SELECT clock_timestamp();

-- name: ripe
-- Running clocks whose next warning or end has come, the longest waiting first; another sweeper's are left to it.
SELECT city, case_no, task_no, code, attempt, unit, due_at, warn_at, warned, breached_at, raised FROM clock
 WHERE city = $1 AND stopped_at IS NULL AND next_at <= $2
 ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED;

-- name: raise_alarms
-- Note warnings and breaches; those noted before are not returned.
INSERT INTO clock_alarm (city, case_no, task_no, code, attempt, level, unit, at)
SELECT $1, i.case_no, i.task_no, i.code, i.attempt, i.level, i.unit, $2
  FROM unnest($3::bigint[], $4::smallint[], $5::text[], $6::smallint[], $7::text[], $8::text[])
    AS i (case_no, task_no, code, attempt, level, unit)
ON CONFLICT DO NOTHING
RETURNING case_no, task_no, code, attempt, level;

-- name: advance
-- Set what was noted of each clock and what comes next for it; a window that has passed stops at its end.
UPDATE clock c SET warned = i.warned, breached_at = i.breached_at, raised = i.raised, next_at = i.next_at,
       stopped_at = i.stopped_at, stop_reason = CASE WHEN i.stopped_at IS NULL THEN c.stop_reason ELSE 'lapsed' END
  FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::smallint[], $6::smallint[], $7::timestamptz[],
              $8::smallint[], $9::timestamptz[], $10::timestamptz[])
    AS i (case_no, task_no, code, attempt, warned, breached_at, raised, next_at, stopped_at)
 WHERE c.city = $1 AND c.case_no = i.case_no AND c.task_no = i.task_no AND c.code = i.code AND c.attempt = i.attempt
   AND c.stopped_at IS NULL;

-- name: counted_before
-- Running clocks that a calendar counted whose version sorts before $2, held with their cases; what another one holds,
-- an act or a sweeper, is left to it.
SELECT k.* FROM clock k JOIN cases c ON c.city = k.city AND c.case_no = k.case_no
 WHERE k.city = $1 AND k.stopped_at IS NULL AND k.counted_by IS NOT NULL AND k.counted_by < $2
 ORDER BY k.counted_by LIMIT $3 FOR UPDATE OF k, c SKIP LOCKED;

-- name: counted_after
-- The same, of those whose version sorts after $2.
SELECT k.* FROM clock k JOIN cases c ON c.city = k.city AND c.case_no = k.case_no
 WHERE k.city = $1 AND k.stopped_at IS NULL AND k.counted_by IS NOT NULL AND k.counted_by > $2
 ORDER BY k.counted_by LIMIT $3 FOR UPDATE OF k, c SKIP LOCKED;

-- name: recount
-- Put what was counted again: the event $5 of each clock says why where the deadline moved.
UPDATE clock c SET due_at = i.due_at, cause = coalesce(i.cause, c.cause), provisional = i.provisional,
       trace = i.trace, warn_at = i.warn_at::timestamptz[], warned = i.warned, next_at = i.next_at, basis = i.basis,
       counted_by = i.counted_by
  FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::uuid[], $6::smallint[], $7::timestamptz[], $8::boolean[],
              $9::jsonb[], $10::text[], $11::smallint[], $12::timestamptz[], $13::jsonb[], $14::text[])
    AS i (case_no, task_no, code, cause, attempt, due_at, provisional, trace, warn_at, warned, next_at, basis,
          counted_by)
 WHERE c.city = $1 AND c.case_no = i.case_no AND c.task_no = i.task_no AND c.code = i.code AND c.attempt = i.attempt
   AND c.stopped_at IS NULL;
