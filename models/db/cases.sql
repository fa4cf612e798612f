-- One case with its tasks, for those who act on it: read, held, and moved by a condition on its revision.

-- name: case
-- One case.
SELECT * FROM cases WHERE city = $1 AND case_no = $2;

-- name: hold
-- One case, held until the transaction ends, so that acts on it queue up; the case it is a part of is held first.
SELECT * FROM cases
 WHERE city = $1
   AND case_no = ANY (ARRAY[$2, (SELECT p.parent_no FROM cases p WHERE p.city = $1 AND p.case_no = $2)]::bigint[])
 ORDER BY case_no FOR UPDATE;

-- name: tasks
-- The tasks of a case, in the order they were given out.
SELECT * FROM task WHERE city = $1 AND case_no = $2 ORDER BY task_no;

-- name: move
-- Move a case on, if it is still as it was read ($3 revision, $4 state).
UPDATE cases SET state = $5, queue = $6, lead_unit = $7, no_return = $8, review_reasons = $9, accepted_at = $10,
       dispatched_at = $11, closed_at = $12, result = $13, merged_into = $14, suspended_at = $15, archived_at = $16,
       level = $17, key_reasons = $18, leader = $19, revision = revision + 1, claimed_until = NULL
 WHERE city = $1 AND case_no = $2 AND revision = $3 AND state = $4
RETURNING revision;

-- name: set_facts
-- Set what a case is and how it was decided; its move is counted by `move`.
UPDATE cases SET kind = $3, types = $4, urgency = $5, adcode = $6, township = $7, zone = $8, decision = $9,
       happened_on = $10
 WHERE city = $1 AND case_no = $2;

-- name: move_task
-- Move a task on, if it is still as it was read ($4 revision, $5 state) and, for a unit's own act, is that unit's ($6).
UPDATE task SET state = $7, signed_at = $8, handler = $9, contacted_at = $10, submitted_at = $11, returned_at = $12,
       result = $13, revision = revision + 1
 WHERE city = $1 AND case_no = $2 AND task_no = $3 AND revision = $4 AND state = $5 AND ($6::text IS NULL OR unit = $6)
RETURNING revision;

-- name: add_correction
-- Keep what a person changed of what the machine said.
INSERT INTO correction (city, correction_id, case_no, at, staff, machine, human, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: files_held
-- How many of the attachments $3 belong to the case.
SELECT count(*) FROM attachment WHERE city = $1 AND case_no = $2 AND attachment_id = ANY($3::uuid[]);
