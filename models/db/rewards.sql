-- Rewards for reports that proved true; written under the lock of their case. Nobody's name is here.

-- name: get
-- The reward of a case.
SELECT case_no, rule, fine, amount, document, proposed_by, proposed_at, approved_by, approved_at, code_hash, told_at,
       paid_by, paid_at FROM reward WHERE city = $1 AND case_no = $2;

-- name: propose
-- Propose a reward; one that was proposed and not approved is replaced.
INSERT INTO reward AS r (city, case_no, rule, fine, amount, document, proposed_by, proposed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (city, case_no) DO UPDATE
   SET rule = excluded.rule, fine = excluded.fine, amount = excluded.amount, document = excluded.document,
       proposed_by = excluded.proposed_by, proposed_at = excluded.proposed_at
 WHERE r.approved_at IS NULL;

-- name: approve
-- Approve a reward.
UPDATE reward SET approved_by = $3, approved_at = $4 WHERE city = $1 AND case_no = $2 AND approved_at IS NULL;

-- name: told
-- Note that the citizen was told.
UPDATE reward SET told_at = $3 WHERE city = $1 AND case_no = $2;

-- name: claim
-- Keep the digest of the claim code that was given out last.
UPDATE reward SET code_hash = $3 WHERE city = $1 AND case_no = $2 AND paid_at IS NULL;

-- name: paid
-- Note that a reward was paid out.
UPDATE reward SET paid_by = $3, paid_at = $4 WHERE city = $1 AND case_no = $2 AND paid_at IS NULL;

-- name: by_code
-- The case of a claim code, by its digest.
SELECT case_no FROM reward WHERE city = $1 AND code_hash = $2;

-- name: hold
-- Let those who approve rewards for one decision ($2) go one after the other.
SELECT pg_advisory_xact_lock(hashtextextended($1 || '|reward|' || $2, 0));

-- name: matter
-- Of all who reported one matter: who reported first, and whether another of them, or another case by the same decision
-- ($3), is rewarded. One matter are the case itself, what answers for it, what was merged with it, and what is known to
-- repeat it or to be repeated by it.
WITH RECURSIVE near AS (
    SELECT c.case_no FROM cases c WHERE c.city = $1 AND c.case_no = $2
    UNION
    SELECT x.case_no FROM near n
      CROSS JOIN LATERAL (
           SELECT l.other_no AS case_no FROM case_link l
            WHERE l.city = $1 AND l.case_no = n.case_no AND l.kind IN ('merge', 'repeat') AND l.undone_at IS NULL
           UNION ALL
           SELECT l.case_no FROM case_link l
            WHERE l.city = $1 AND l.other_no = n.case_no AND l.kind IN ('merge', 'repeat') AND l.undone_at IS NULL) x
)
SELECT (SELECT c.case_no FROM near n JOIN cases c ON c.city = $1 AND c.case_no = n.case_no
         ORDER BY c.received_at, c.case_no LIMIT 1) AS first,
       (SELECT r.case_no FROM reward r WHERE r.city = $1 AND r.case_no <> $2 AND r.approved_at IS NOT NULL
           AND (r.document = $3 OR r.case_no IN (SELECT n.case_no FROM near n)) ORDER BY r.case_no LIMIT 1) AS rewarded;
