-- Emergencies with their cases, calls, notices and reports; written under the lock of the case they bear the number of.

-- name: open
-- Open an emergency: $3 trigger, $4 level, $5 water, $6 crossing, $7 summary, $8 known at, $9 now, $10 who.
INSERT INTO emergency (city, emergency_no, trigger, level, water, crossing, summary, known_at, opened_at, opened_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: join
-- Note that a case tells of an emergency; one that does already stays where it is.
INSERT INTO emergency_case (city, case_no, emergency_no, joined_at, joined_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (city, case_no) DO NOTHING;

-- name: notices
-- List whom to tell: $3 numbers, $4 kinds, $5 roles, $6 units, $7 addressees.
INSERT INTO emergency_notice (city, emergency_no, n, kind, role, unit, addressee)
SELECT $1, $2, i.n, i.kind, i.role, i.unit, i.addressee
  FROM unnest($3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[]) AS i (n, kind, role, unit, addressee);

-- name: of_case
-- The emergency that a case tells of.
SELECT e.* FROM emergency_case c JOIN emergency e ON e.city = c.city AND e.emergency_no = c.emergency_no
 WHERE c.city = $1 AND c.case_no = $2;

-- name: get
-- One emergency.
SELECT * FROM emergency WHERE city = $1 AND emergency_no = $2;

-- name: list
-- Emergencies, the newest first; $2 whether ended ones too.
SELECT * FROM emergency WHERE city = $1 AND ($2 OR ended_at IS NULL) ORDER BY emergency_no DESC LIMIT $3;

-- name: cases
-- The numbers of the cases that tell of an emergency.
SELECT case_no FROM emergency_case WHERE city = $1 AND emergency_no = $2 ORDER BY case_no;

-- name: notices_of
-- Whom an emergency is told to.
SELECT n, kind, role, unit, addressee, told_at, told_by, how, received_at, received_by
  FROM emergency_notice WHERE city = $1 AND emergency_no = $2 ORDER BY n;

-- name: calls_of
-- The calls about an emergency.
SELECT n, at, lines, said, staff FROM emergency_call WHERE city = $1 AND emergency_no = $2 ORDER BY n;

-- name: reports_of
-- The reports upward.
SELECT n, kind, at, level, addressees, text, staff FROM emergency_report
 WHERE city = $1 AND emergency_no = $2 ORDER BY n;

-- name: grade
-- Set what is known of an emergency by now.
UPDATE emergency SET level = $3, water = $4, crossing = $5 WHERE city = $1 AND emergency_no = $2 AND ended_at IS NULL;

-- name: arrive
-- Note that someone is on the spot.
UPDATE emergency SET arrived_at = $3 WHERE city = $1 AND emergency_no = $2 AND arrived_at IS NULL;

-- name: call
-- Keep the record of a call.
INSERT INTO emergency_call (city, emergency_no, n, at, lines, said, staff)
SELECT $1, $2, coalesce(max(n), 0) + 1, $3, $4, $5, $6 FROM emergency_call WHERE city = $1 AND emergency_no = $2;

-- name: tell
-- Note that those on the list numbered $3 were told.
UPDATE emergency_notice SET told_at = $4, told_by = $5, how = $6
 WHERE city = $1 AND emergency_no = $2 AND n = ANY($3::smallint[]) AND told_at IS NULL;

-- name: receive
-- Note that those on the list numbered $3 said that they have it: they have been told then, whoever did.
UPDATE emergency_notice SET received_at = $4, received_by = $5, told_at = coalesce(told_at, $4),
       told_by = coalesce(told_by, $5), how = coalesce(how, '本单位确认')
 WHERE city = $1 AND emergency_no = $2 AND n = ANY($3::smallint[]) AND received_at IS NULL;

-- name: report
-- Keep a report upward.
INSERT INTO emergency_report (city, emergency_no, n, kind, at, level, addressees, text, staff)
SELECT $1, $2, coalesce(max(n), 0) + 1, $3, $4, $5, $6, $7, $8
  FROM emergency_report WHERE city = $1 AND emergency_no = $2;

-- name: end
-- End an emergency; $5 whether it was a false alarm.
UPDATE emergency SET ended_at = $3, ended_by = $4, false_alarm = $5
 WHERE city = $1 AND emergency_no = $2 AND ended_at IS NULL;
