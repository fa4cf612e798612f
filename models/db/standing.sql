-- Clocks that stand still and promises that are prolonged: what was asked for, by whom, and what came of it.

-- name: suspensions
-- All that was ever asked or granted for a case, in order.
SELECT * FROM suspension WHERE city = $1 AND case_no = $2 ORDER BY n;

-- name: ask_suspension
-- Keep a request, or a suspension that needs no approval ($12 until, with $11 who and $10 when it was granted).
INSERT INTO suspension (city, case_no, n, reason, ends_when, state, asked_at, asked_by, unit, days, decided_at,
                        decided_by, until)
VALUES ($1, $2, $3, $4, $5, CASE WHEN $12::timestamptz IS NULL THEN 'requested' ELSE 'granted' END, $6, $7, $8, $9,
        $10, $11, $12);

-- name: decide_suspension
-- Grant a request until $7, or deny it.
UPDATE suspension SET state = $4, decided_at = $5, decided_by = $6, until = $7, note = $8
 WHERE city = $1 AND case_no = $2 AND n = $3 AND state = 'requested';

-- name: end_suspensions
-- End what holds or waits of a case, but for number $5.
UPDATE suspension SET state = CASE state WHEN 'granted' THEN 'over' ELSE 'denied' END, over_at = $3, over_why = $4
 WHERE city = $1 AND case_no = $2 AND state IN ('requested', 'granted') AND n <> $5;

-- name: drop_extensions
-- Deny what waits of a case, since its result was handed in.
UPDATE extension SET state = 'denied', decided_at = $3, decided_by = $4, note = $5
 WHERE city = $1 AND case_no = $2 AND state = 'requested';

-- name: spent
-- Suspensions whose limit has passed, the longest past first.
SELECT case_no, n, reason FROM suspension WHERE city = $1 AND state = 'granted' AND until <= $2
 ORDER BY until LIMIT $3;

-- name: supplemented
-- Suspensions that wait for the citizen, whose source or citizen has said more since.
SELECT s.case_no, s.n, s.reason FROM suspension s
 WHERE s.city = $1 AND s.state = 'granted' AND s.until > $2 AND s.reason = 'supplement'
   AND EXISTS (SELECT 1 FROM event e WHERE e.city = s.city AND e.case_no = s.case_no AND e.at > s.decided_at
                  AND e.verb IN ('case:content:supplemented', 'case:content:updated'))
 ORDER BY s.until LIMIT $3;

-- name: extensions
-- All extensions that were asked for a case, in order.
SELECT * FROM extension WHERE city = $1 AND case_no = $2 ORDER BY n;

-- name: ask_extension
-- Keep a request for an extension.
INSERT INTO extension (city, case_no, n, code, span_n, span_unit, reason, told, state, asked_at, asked_by, unit,
                       due_before)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'requested', $9, $10, $11, $12);

-- name: decide_extension
-- Grant an extension to $8, or deny it.
UPDATE extension SET state = $4, decided_at = $5, decided_by = $6, note = $7, due_after = $8
 WHERE city = $1 AND case_no = $2 AND n = $3 AND state = 'requested';
