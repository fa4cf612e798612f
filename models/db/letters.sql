-- Letters about a case to bodies that get no task of it (转办函).

-- name: issue
-- Keep a letter as it went out.
INSERT INTO letter (city, letter_id, case_no, number, kind, to_unit, to_name, to_city, subject, body, issued_at, issued_by,
                    reply_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: receive
-- Note who received a letter and when; noted once.
UPDATE letter SET received_at = $4, received_by = $5
 WHERE city = $1 AND case_no = $2 AND number = $3 AND received_at IS NULL;

-- name: reply
-- Note what a letter was answered.
UPDATE letter SET replied_at = $4, reply = $5 WHERE city = $1 AND case_no = $2 AND number = $3 AND replied_at IS NULL;

-- name: of_case
-- The letters of a case, oldest first.
SELECT letter_id, case_no, number, kind, to_unit, to_name, to_city, subject, body, issued_at, issued_by, reply_by,
       received_at, received_by, replied_at, reply
  FROM letter WHERE city = $1 AND case_no = $2 ORDER BY letter_id;

-- name: waiting
-- Letters that nobody has said to have received, the oldest first.
SELECT letter_id, case_no, number, kind, to_unit, to_name, to_city, subject, body, issued_at, issued_by, reply_by,
       received_at, received_by, replied_at, reply
  FROM letter WHERE city = $1 AND received_at IS NULL ORDER BY issued_at LIMIT $2;
