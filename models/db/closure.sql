-- What was looked at, measured and checked in a case, transfers of crimes, joint actions; written under the case's lock.

-- name: visit
-- Keep a visit; its number is given here.
INSERT INTO visit (city, case_no, n, task_no, unit, method, at, people, place, found, finding, files, noted_at, noted_by)
SELECT $1, $2, coalesce(max(n), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
  FROM visit WHERE city = $1 AND case_no = $2;

-- name: visits
-- The visits of some cases, in order.
SELECT * FROM visit WHERE city = $1 AND case_no = ANY($2::bigint[]) ORDER BY case_no, n;

-- name: ask
-- Keep a wish for monitoring; its number is given here.
INSERT INTO monitoring (city, case_no, n, asked_at, asked_by, unit, station, what, hours)
SELECT $1, $2, coalesce(max(n), 0) + 1, $3, $4, $5, $6, $7, $8 FROM monitoring WHERE city = $1 AND case_no = $2;

-- name: report
-- Attach the report to a wish for monitoring that has none.
UPDATE monitoring SET reported_at = $4, reported_by = $5, sampled_at = $6, report_no = $7, exceeded = $8, summary = $9,
       files = $10
 WHERE city = $1 AND case_no = $2 AND n = $3 AND reported_at IS NULL;

-- name: monitorings
-- The wishes for monitoring of some cases with their reports, in order.
SELECT * FROM monitoring WHERE city = $1 AND case_no = ANY($2::bigint[]) ORDER BY case_no, n;

-- name: self_check
-- Keep a self-check; its number is given here.
INSERT INTO self_check (city, case_no, n, unit, at, staff, items)
SELECT $1, $2, coalesce(max(n), 0) + 1, $3, $4, $5, $6 FROM self_check WHERE city = $1 AND case_no = $2;

-- name: self_checks
-- The self-checks of a case, in order.
SELECT * FROM self_check WHERE city = $1 AND case_no = $2 ORDER BY n;

-- name: report_crime
-- Open the transfer of a suspected crime; its number is given here.
INSERT INTO crime_transfer (city, case_no, n, unit, facts, evidence, files, reported_at, reported_by)
SELECT $1, $2, coalesce(max(n), 0) + 1, $3, $4, $5, $6, $7, $8 FROM crime_transfer WHERE city = $1 AND case_no = $2;

-- name: decide_crime
-- Approve or refuse the transfer that waits for it.
UPDATE crime_transfer SET decided_at = $3, approved = $4, head = $5, reason = $6
 WHERE city = $1 AND case_no = $2 AND decided_at IS NULL;

-- name: transfer_crime
-- Note that the approved transfer went out.
UPDATE crime_transfer SET transferred_at = $3, document = $4, recipient = $5, receipt = $6
 WHERE city = $1 AND case_no = $2 AND approved AND transferred_at IS NULL;

-- name: end_crime
-- Note what the police decided on the transfer.
UPDATE crime_transfer SET psb_at = $3, psb_filed = $4, psb_document = $5
 WHERE city = $1 AND case_no = $2 AND transferred_at IS NOT NULL AND psb_at IS NULL;

-- name: crimes
-- The transfers of a case, in order.
SELECT * FROM crime_transfer WHERE city = $1 AND case_no = $2 ORDER BY n;

-- name: propose
-- Propose a joint action; its number is given here.
INSERT INTO joint_action (city, case_no, n, kind, topic, invited, proposed_at, proposed_by)
SELECT $1, $2, coalesce(max(n), 0) + 1, $3, $4, $5, $6, $7 FROM joint_action WHERE city = $1 AND case_no = $2;

-- name: conclude
-- Write the conclusion of a joint action that has none.
UPDATE joint_action SET held_at = $4, participants = $5, conclusion = $6, lead_unit = $7, document = $8,
       concluded_at = $9, concluded_by = $10
 WHERE city = $1 AND case_no = $2 AND n = $3 AND concluded_at IS NULL;

-- name: joint_actions
-- The joint actions of a case, in order.
SELECT * FROM joint_action WHERE city = $1 AND case_no = $2 ORDER BY n;

-- name: topics
-- What waits to be dealt with together, the oldest first.
SELECT * FROM joint_action WHERE city = $1 AND concluded_at IS NULL ORDER BY proposed_at LIMIT $2;
