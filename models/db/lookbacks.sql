-- Look-backs: planned when a case closes, opened when due, done once. Written under the case's lock but for opening.

-- name: plan
-- Plan a look-back; one of the kind that is not done yet is planned anew.
INSERT INTO lookback AS l (city, case_no, n, kind, rule, planned_at, due_at)
SELECT $1, $2, coalesce(max(n), 0) + 1, $3, $4, $5, $6 FROM lookback WHERE city = $1 AND case_no = $2
ON CONFLICT (city, case_no, kind) WHERE done_at IS NULL
DO UPDATE SET rule = excluded.rule, planned_at = excluded.planned_at, due_at = excluded.due_at, opened_at = NULL;

-- name: open_due
-- Open what has come due by $2 of cases that are closed, each once whoever asks; at most $3.
UPDATE lookback l SET opened_at = $2
  FROM (SELECT d.city, d.case_no, d.n FROM lookback d
         WHERE d.city = $1 AND d.due_at <= $2 AND d.opened_at IS NULL AND d.done_at IS NULL
           AND EXISTS (SELECT 1 FROM cases c
                        WHERE c.city = d.city AND c.case_no = d.case_no AND c.closed_at IS NOT NULL)
         ORDER BY d.due_at LIMIT $3 FOR UPDATE OF d SKIP LOCKED) AS due
 WHERE l.city = due.city AND l.case_no = due.case_no AND l.n = due.n
RETURNING l.case_no, l.n, l.kind, l.rule, l.planned_at, l.due_at;

-- name: of_case
-- The look-backs of a case, in order.
SELECT * FROM lookback WHERE city = $1 AND case_no = $2 ORDER BY n;

-- name: open_ones
-- The look-backs that are to be done now, the longest due first.
SELECT * FROM lookback WHERE city = $1 AND opened_at IS NOT NULL AND done_at IS NULL ORDER BY due_at LIMIT $2;

-- name: done
-- Note what a look-back found, if it is not done.
UPDATE lookback SET done_at = $4, done_by = $5, unit = $6, result = $7, finding = $8, files = $9
 WHERE city = $1 AND case_no = $2 AND n = $3 AND done_at IS NULL;

-- name: void
-- Drop what else was planned for a case that came back.
UPDATE lookback SET done_at = $3, done_by = $4, result = 'void'
 WHERE city = $1 AND case_no = $2 AND done_at IS NULL;
