-- Claiming work: a stage leases a batch of cases in its queue, works, and writes with the result.

-- name: claim
-- Lease up to $3 cases of a queue for $4; a case that was tried before is taken alone (limit 1 by the caller).
WITH picked AS (
    SELECT city, case_no FROM cases
     WHERE city = $1 AND queue = $2 AND (claimed_until IS NULL OR claimed_until < now())
       AND ($5::boolean AND attempts > 0 OR NOT $5::boolean AND attempts = 0)
     ORDER BY case_no LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE cases c SET attempts = c.attempts + 1, claimed_until = now() + $4::interval
  FROM picked p WHERE c.city = p.city AND c.case_no = p.case_no
RETURNING c.*;

-- name: give_up
-- Send cases that failed too often to the desk, with the error.
UPDATE cases SET queue = 'review', state = CASE state WHEN 'NEW' THEN 'SCREEN' ELSE state END,
       review_reasons = array_append(array_remove(review_reasons, 'processing_failed'), 'processing_failed'),
       error = $3, claimed_until = NULL, revision = revision + 1
 WHERE city = $1 AND case_no = ANY($2::bigint[])
RETURNING case_no;

-- name: postpone
-- Leave failed cases in their queue for a later try.
UPDATE cases SET error = $3, claimed_until = now() + $4::interval
 WHERE city = $1 AND case_no = ANY($2::bigint[]);
