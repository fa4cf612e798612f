-- Wishes to be relieved and disputes about who leads, as rows to list and to count; the history decides.

-- name: ask
-- Note a unit's wish to be relieved.
INSERT INTO return_request (city, case_no, task_no, n, unit, reason, basis, proposed_unit, requested_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: answer
-- Note what came of a task's wish: $4 moment, $5 granted, $6 who decided.
UPDATE return_request SET decided_at = $4, granted = $5, decided_by = $6
 WHERE city = $1 AND case_no = $2 AND task_no = $3 AND decided_at IS NULL;

-- name: open
-- Open a dispute.
INSERT INTO dispute (city, case_no, dispute_no, cause, stage, level, opener, parties, opened_at, negotiate_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: settle
-- Settle a dispute by agreement or designation: $4 stage, $5 lead, $6 moment, $7 who, $8 body, $9 document.
UPDATE dispute SET stage = $4, lead_unit = $5, settled_at = $6, settled_by = $7, body = $8, document = $9
 WHERE city = $1 AND case_no = $2 AND dispute_no = $3 AND settled_at IS NULL;

-- name: raise
-- Lay a dispute before the coordinating body.
UPDATE dispute SET level = 'coord', stage = 'adjudication'
 WHERE city = $1 AND case_no = $2 AND dispute_no = $3 AND settled_at IS NULL;

-- name: of_case
-- The disputes of a case, oldest first.
SELECT case_no, dispute_no, cause, stage, level, opener, parties, opened_at, negotiate_until, settled_at, lead_unit,
       settled_by, body, document
  FROM dispute WHERE city = $1 AND case_no = $2 ORDER BY dispute_no;

-- name: open_ones
-- Disputes that are not settled, the oldest first.
SELECT case_no, dispute_no, cause, stage, level, opener, parties, opened_at, negotiate_until, settled_at, lead_unit,
       settled_by, body, document
  FROM dispute WHERE city = $1 AND settled_at IS NULL ORDER BY opened_at LIMIT $2;

-- name: lapsed
-- Disputes whose time to agree has passed, the longest ago first; what someone else is at is left to them.
SELECT d.case_no, d.dispute_no, d.cause, d.stage, d.level, d.opener, d.parties, d.opened_at, d.negotiate_until,
       d.settled_at, d.lead_unit, d.settled_by, d.body, d.document
  FROM dispute d JOIN cases c ON c.city = d.city AND c.case_no = d.case_no
 WHERE d.city = $1 AND d.stage = 'negotiation' AND d.negotiate_until <= $2
 ORDER BY d.negotiate_until LIMIT $3 FOR UPDATE OF c, d SKIP LOCKED;

-- name: adjudicate
-- Take disputes from the units: $2 case, $3 dispute, $4 level. They are decided above them now.
UPDATE dispute d SET stage = 'adjudication', level = i.level
  FROM unnest($2::bigint[], $3::smallint[], $4::text[]) AS i (case_no, dispute_no, level)
 WHERE d.city = $1 AND d.case_no = i.case_no AND d.dispute_no = i.dispute_no AND d.stage = 'negotiation';

-- name: to_desk
-- Show the desk the cases whose dispute it must have decided: $2 case, $3 reason.
UPDATE cases c SET queue = 'review', revision = c.revision + 1,
       review_reasons = ARRAY(SELECT DISTINCT r FROM unnest(c.review_reasons || ARRAY[$3::text]) AS r ORDER BY r)
 WHERE c.city = $1 AND c.case_no = ANY($2::bigint[]);

-- name: returns_by_unit
-- How often each unit asked to be relieved between $2 and $3, and what came of it.
SELECT unit, count(*) AS asked, count(*) FILTER (WHERE granted) AS granted, count(*) FILTER (WHERE NOT granted) AS denied
  FROM return_request WHERE city = $1 AND requested_at >= $2 AND requested_at < $3 GROUP BY unit;

-- name: disputes_by_unit
-- In how many disputes opened between $2 and $3 each unit was a party, opened it, was bounced to and fro, and had to
-- keep or take what it wanted to be rid of.
SELECT p.unit, count(*) AS disputes, count(*) FILTER (WHERE d.opener = p.unit) AS opened,
       count(*) FILTER (WHERE d.cause = 'ping_pong') AS ping_pongs,
       count(*) FILTER (WHERE d.opener = p.unit AND d.lead_unit = p.unit AND d.stage = 'designated') AS lost
  FROM dispute d CROSS JOIN LATERAL unnest(d.parties) AS p (unit)
 WHERE d.city = $1 AND d.opened_at >= $2 AND d.opened_at < $3 GROUP BY p.unit;
