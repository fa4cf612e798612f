-- Cases that shall not count in the marks of their unit; written under the lock of their case.

-- name: ask
-- Ask that a case shall not count.
INSERT INTO exclusion (city, case_no, n, unit, month, cause, reason, asked_by, asked_at)
SELECT $1, $2, coalesce(max(x.n), 0) + 1, $3, $4, $5, $6, $7, $8
  FROM exclusion x WHERE x.city = $1 AND x.case_no = $2;

-- name: decide
-- Settle what was asked: $3 granted or not.
UPDATE exclusion SET granted = $3, decided_by = $4, decided_at = $5, note = $6
 WHERE city = $1 AND case_no = $2 AND granted IS NULL;

-- name: revoke
-- Let a case count after all: what was asked at $3 and granted.
UPDATE exclusion SET granted = false, decided_by = $4, decided_at = $5, note = $6
 WHERE city = $1 AND case_no = $2 AND asked_at = $3 AND granted;

-- name: of_case
-- What was asked of a case, in order.
SELECT case_no, unit, month, cause, reason, asked_by, asked_at, granted, decided_by, decided_at, note
  FROM exclusion WHERE city = $1 AND case_no = $2 ORDER BY n;

-- name: hold_unit
-- Let those who settle exclusions of one unit go one after the other.
SELECT pg_advisory_xact_lock(hashtextextended($1 || '|exclusion|' || $2, 0));

-- name: used
-- How many cases of a unit are left out of the month $3; those opened again since are not.
SELECT count(*) FROM exclusion x JOIN cases c ON c.city = x.city AND c.case_no = x.case_no AND x.asked_at >= c.closed_at
 WHERE x.city = $1 AND x.month = $3 AND x.unit = $2 AND x.granted;

-- name: closed
-- How many cases each of the units $2 closed from $3 on, before $4.
SELECT lead_unit, count(*) FROM cases WHERE city = $1 AND closed_at >= $3 AND closed_at < $4
   AND lead_unit = ANY($2::text[]) AND state IN ('CLOSED', 'ARCHIVED') GROUP BY lead_unit;

-- name: granted
-- The cases that are left out of a month; those opened again since are not.
SELECT x.case_no, x.unit, x.month, x.cause, x.reason, x.asked_by, x.asked_at, x.granted, x.decided_by, x.decided_at, x.note
  FROM exclusion x JOIN cases c ON c.city = x.city AND c.case_no = x.case_no AND x.asked_at >= c.closed_at
 WHERE x.city = $1 AND x.month = $2 AND x.granted ORDER BY x.unit, x.case_no;

-- name: open
-- What is asked and not settled, the oldest first; $2 at most.
SELECT case_no, unit, month, cause, reason, asked_by, asked_at, granted, decided_by, decided_at, note
  FROM exclusion WHERE city = $1 AND granted IS NULL ORDER BY asked_at LIMIT $2;
