-- Cases given by inspections from above; written under the case's lock.

-- name: list
-- Put a case on the list under its number; nothing where the number or the case is listed already.
INSERT INTO inspection (city, ref, case_no, assigned_at, due_at, adcode, pollution, content, listed_by, listed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING RETURNING ref;

-- name: of_case
-- The entry of a case.
SELECT * FROM inspection WHERE city = $1 AND case_no = $2;

-- name: by_ref
-- The entry under a number.
SELECT * FROM inspection WHERE city = $1 AND ref = $2;

-- name: keep
-- Keep how an entry stands.
UPDATE inspection SET responsible = $3, unit = $4, target = $5, measures = $6, deadline = $7, issued_at = $8,
       progress = $9, self_check = $10, accountability = $11, reported_at = $12, acceptance = $13, accepted_at = $14,
       published_at = $15
 WHERE city = $1 AND ref = $2;

-- name: published
-- The entries that are published, with what the case found, in the order they were given; no restricted case.
SELECT i.*, c.result ->> 'outcome' AS outcome, c.result ->> 'reply_text' AS reply
  FROM inspection i JOIN cases c ON c.city = i.city AND c.case_no = i.case_no
 WHERE i.city = $1 AND i.published_at IS NOT NULL AND i.assigned_at >= $2 AND NOT c.restricted
 ORDER BY i.assigned_at, i.ref LIMIT $3;
