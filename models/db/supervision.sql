-- Orders, the ledger, letters that press, the list of names, key complaints: written by acts, listed for people.

-- name: orders
-- The orders on a case, oldest first.
SELECT * FROM supervision_order WHERE city = $1 AND case_no = $2 ORDER BY n;

-- name: end_order
-- End the open order of a case, saying why.
UPDATE supervision_order SET ended_at = $3, ended_by = $4, ended_why = $5
 WHERE city = $1 AND case_no = $2 AND ended_at IS NULL;

-- name: order
-- Give an order; it is to be answered when the clock $10 of the case runs out, by $9 where the city lets none run.
INSERT INTO supervision_order (city, case_no, n, grade, unit, demand, ordered_at, ordered_by, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce(
        (SELECT k.due_at FROM clock k WHERE k.city = $1 AND k.case_no = $2 AND k.task_no = 0 AND k.code = $10
            AND k.stopped_at IS NULL), $9));

-- name: pass_on
-- Give the open order of a case that nobody has answered to another unit, or to the desk (NULL).
UPDATE supervision_order SET unit = $3
 WHERE city = $1 AND case_no = $2 AND ended_at IS NULL AND answered_at IS NULL AND unit IS DISTINCT FROM $3
RETURNING *;

-- name: answer
-- Note what the open order of a case was answered; an urge ends with it.
UPDATE supervision_order SET answered_at = $3, answered_by = $4, answer = $5,
       ended_at = CASE WHEN grade = 'urge' THEN $3::timestamptz END,
       ended_by = CASE WHEN grade = 'urge' THEN $4 END, ended_why = CASE WHEN grade = 'urge' THEN 'answered' END
 WHERE city = $1 AND case_no = $2 AND ended_at IS NULL AND answered_at IS NULL;

-- name: entries
-- The entries of a case in the ledger, oldest first.
SELECT * FROM ledger_entry WHERE city = $1 AND case_no = $2 ORDER BY n;

-- name: enter
-- Put a case into the ledger.
INSERT INTO ledger_entry (city, case_no, n, conditions, keeper, opened_at, opened_by)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: release
-- Release a case from the ledger, by whom, on what evidence.
UPDATE ledger_entry SET released_at = $3, released_by = $4, evidence = $5, note = $6
 WHERE city = $1 AND case_no = $2 AND released_at IS NULL;

-- name: documents
-- The letters that pressed units over a case, oldest first.
SELECT * FROM press_document WHERE city = $1 AND case_no = $2 ORDER BY document_id;

-- name: number
-- Draw the next number of a kind of letter in a year.
INSERT INTO press_counter AS c (city, kind, year, n) VALUES ($1, $2, $3, 1)
ON CONFLICT (city, kind, year) DO UPDATE SET n = c.n + 1
RETURNING n;

-- name: issue
-- Keep a letter as it goes out.
INSERT INTO press_document (city, document_id, case_no, number, kind, to_unit, title, body, sha256, skip_reason,
                            issued_at, issued_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: receive
-- Note who received a letter; once.
UPDATE press_document SET received_at = $4, received_by = $5
 WHERE city = $1 AND number = $2 AND to_unit = $3 AND received_at IS NULL;

-- name: list_name
-- Put who did not report progress on the list, once for each time it was due.
INSERT INTO name_list (city, case_no, code, attempt, unit, listed_at) VALUES ($1, $2, $3, $4, $5, clock_timestamp())
ON CONFLICT DO NOTHING;

-- name: is_listed
-- Whether somebody is on the list for a case.
SELECT EXISTS (SELECT 1 FROM name_list WHERE city = $1 AND case_no = $2 AND cleared_at IS NULL);

-- name: clear_names
-- Take what is listed of a case off the list, by the number of the letter that names it or by whom struck.
UPDATE name_list SET cleared_at = $3, cleared_by = $4 WHERE city = $1 AND case_no = $2 AND cleared_at IS NULL;

-- name: key_checks
-- Take up a case that may be a key complaint; another's is left to it.
DELETE FROM key_check WHERE city = $1 AND check_id =
    (SELECT q.check_id FROM key_check q WHERE q.city = $1 ORDER BY q.check_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING case_no;

-- name: told_again
-- The cases that tell of one matter: all that are linked to $2 as repetitions or merged, however far, since $3; by
-- whom, as far as they can be told apart without being known.
WITH RECURSIVE told (case_no) AS (
    SELECT $2::bigint
    UNION
    SELECT n.case_no FROM told t CROSS JOIN LATERAL (
        SELECT l.other_no AS case_no FROM case_link l WHERE l.city = $1 AND l.case_no = t.case_no
           AND l.kind IN ('repeat', 'merge') AND l.undone_at IS NULL
        UNION
        SELECT l.case_no FROM case_link l WHERE l.city = $1 AND l.other_no = t.case_no
           AND l.kind IN ('repeat', 'merge') AND l.undone_at IS NULL) n
)
SELECT c.case_no, c.lead_unit, c.received_at,
       ARRAY(SELECT DISTINCT coalesce(i.phone_index, i.wechat_index) FROM identity i
              WHERE i.city = $1 AND i.case_no = c.case_no
                AND coalesce(i.phone_index, i.wechat_index) IS NOT NULL) AS people
  FROM told t JOIN cases c ON c.city = $1 AND c.case_no = t.case_no
 WHERE c.received_at >= $3 ORDER BY c.case_no LIMIT 100;

-- name: open_orders
-- Orders that are open, the earliest due first; an urge ends with its case.
SELECT o.* FROM supervision_order o JOIN cases c ON c.city = o.city AND c.case_no = o.case_no
 WHERE o.city = $1 AND o.ended_at IS NULL AND (o.grade <> 'urge' OR c.closed_at IS NULL)
 ORDER BY o.due_at LIMIT $2;

-- name: open_entries
-- Cases in the ledger, the longest there first.
SELECT * FROM ledger_entry WHERE city = $1 AND released_at IS NULL ORDER BY opened_at LIMIT $2;

-- name: waiting_documents
-- Letters that nobody has said to have received, the oldest first.
SELECT * FROM press_document WHERE city = $1 AND received_at IS NULL ORDER BY issued_at LIMIT $2;

-- name: listed_names
-- Who did not report progress, the longest on the list first.
SELECT * FROM name_list WHERE city = $1 AND cleared_at IS NULL ORDER BY listed_at LIMIT $2;

-- name: key_cases
-- Key complaints, the newest first.
SELECT case_no, state, lead_unit, key_reasons, level, leader FROM cases
 WHERE city = $1 AND key_reasons <> '{}' ORDER BY case_no DESC LIMIT $2;
