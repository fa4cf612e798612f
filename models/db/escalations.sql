-- Alarms on their way to people: taken up once, told once, and breaches followed by orders.

-- name: alarms
-- Alarms that nobody was told of, those of no unit first; another's are left to it.
SELECT a.case_no, a.task_no, a.code, a.attempt, a.level, a.unit, k.due_at, c.types, c.adcode,
       ARRAY(SELECT x.unit FROM accused x WHERE x.city = a.city AND x.case_no = a.case_no) AS barred
  FROM clock_alarm a
  LEFT JOIN clock k ON k.city = a.city AND k.case_no = a.case_no AND k.task_no = a.task_no AND k.code = a.code
   AND k.attempt = a.attempt
  LEFT JOIN cases c ON c.city = a.city AND c.case_no = a.case_no
 WHERE a.city = $1 AND a.escalated_at IS NULL
 ORDER BY a.unit IS NOT NULL, a.at LIMIT $2 FOR UPDATE OF a SKIP LOCKED;

-- name: escalate
-- Write who is told of alarms; those told before are not returned.
INSERT INTO escalation (city, case_no, task_no, code, attempt, level, unit, rung, to_unit, to_post, made_at)
SELECT $1, i.case_no, i.task_no, i.code, i.attempt, i.level, i.unit, i.rung, i.to_unit, i.to_post, clock_timestamp()
  FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::smallint[], $6::text[], $7::text[], $8::smallint[],
              $9::text[], $10::text[]) AS i (case_no, task_no, code, attempt, level, unit, rung, to_unit, to_post)
ON CONFLICT DO NOTHING
RETURNING case_no, task_no, code, attempt, level;

-- name: escalated
-- Note that alarms were brought to people.
UPDATE clock_alarm a SET escalated_at = clock_timestamp()
  FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::smallint[], $6::text[])
    AS i (case_no, task_no, code, attempt, level)
 WHERE a.city = $1 AND a.case_no = i.case_no AND a.task_no = i.task_no AND a.code = i.code AND a.attempt = i.attempt
   AND a.level = i.level;

-- name: tell
-- Write notices; what was told before is not told again.
INSERT INTO notice (city, notice_id, case_no, kind, about, to_unit, to_post, title, body, made_at)
SELECT $1, i.notice_id, i.case_no, i.kind, i.about, i.to_unit, i.to_post, i.title, i.body, clock_timestamp()
  FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
    AS i (notice_id, case_no, kind, about, to_unit, to_post, title, body)
ON CONFLICT DO NOTHING;

-- name: breach
-- The oldest breach that nothing has followed yet; another's is left to it.
SELECT a.case_no, a.task_no, a.code, a.attempt, a.unit, k.due_at
  FROM clock_alarm a
  JOIN clock k ON k.city = a.city AND k.case_no = a.case_no AND k.task_no = a.task_no AND k.code = a.code
   AND k.attempt = a.attempt
 WHERE a.city = $1 AND a.level = 'breach' AND a.acted_at IS NULL
 ORDER BY a.at LIMIT 1 FOR UPDATE OF a SKIP LOCKED;

-- name: acted
-- Note that a breach was followed.
UPDATE clock_alarm SET acted_at = clock_timestamp()
 WHERE city = $1 AND case_no = $2 AND task_no = $3 AND code = $4 AND attempt = $5 AND level = 'breach';

-- name: notices
-- Unread notices to a unit, the newest first.
SELECT * FROM notice WHERE city = $1 AND to_unit = $2 AND read_at IS NULL ORDER BY notice_id DESC LIMIT $3;

-- name: own_notices
-- Unread notices to the supervisors and to the bodies $2 that they serve, the newest first.
(SELECT * FROM notice WHERE city = $1 AND to_unit IS NULL AND read_at IS NULL ORDER BY notice_id DESC LIMIT $3)
UNION ALL
(SELECT * FROM notice WHERE city = $1 AND to_unit = ANY($2::text[]) AND read_at IS NULL
  ORDER BY notice_id DESC LIMIT $3)
 ORDER BY notice_id DESC LIMIT $3;

-- name: read_notice
-- Note who has read a notice, that of one unit ($3) or of the supervisors and the bodies $4; once.
UPDATE notice SET read_at = clock_timestamp(), read_by = $5
 WHERE city = $1 AND notice_id = $2 AND read_at IS NULL
   AND CASE WHEN $3::text IS NULL THEN to_unit IS NULL OR to_unit = ANY($4::text[]) ELSE to_unit = $3 END
RETURNING notice_id;

-- name: of_case
-- Who was told of a case's alarms, in the order of the levels of each clock.
SELECT * FROM escalation WHERE city = $1 AND case_no = $2 ORDER BY task_no, code, attempt, made_at, rung, level;
