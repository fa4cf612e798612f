-- Claiming work: a stage leases a batch of cases in its queue, works, and writes with the result.

-- name: claim_new
-- Lease up to $3 cases of a queue that nobody tried yet for $4, oldest first.
WITH picked AS (
    SELECT city, case_no FROM cases WHERE city = $1 AND queue = $2 AND attempts = 0
     ORDER BY case_no LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE cases c SET attempts = c.attempts + 1, claimed_until = now() + $4::interval
  FROM picked p WHERE c.city = p.city AND c.case_no = p.case_no
RETURNING c.*;

-- name: claim_tried
-- Lease one case that was tried before for $3. The oldest are tried first, so it is among the $4 oldest: those are
-- read in order, whatever the planner thinks of the rest, and a queue of a million is not looked through.
WITH front AS MATERIALIZED (
    SELECT case_no, attempts, claimed_until FROM cases WHERE city = $1 AND queue = $2 ORDER BY case_no LIMIT $4
), picked AS (
    SELECT city, case_no FROM cases
     WHERE city = $1 AND queue = $2 AND (claimed_until IS NULL OR claimed_until < now())
       AND case_no = (SELECT min(case_no) FROM front
                       WHERE attempts > 0 AND (claimed_until IS NULL OR claimed_until < now()))
       FOR UPDATE SKIP LOCKED
)
UPDATE cases c SET attempts = c.attempts + 1, claimed_until = now() + $3::interval
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
