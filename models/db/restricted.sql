-- Restricted cases: which they are, who is admitted to them, and who has looked.

-- name: restrict
-- Restrict the cases $2 by the rules $3, for the reasons $4, since $5, by $6; give those that were not restricted yet.
WITH new AS (
    INSERT INTO restriction (city, case_no, rule, reason, since, made_by)
    SELECT $1, i.case_no, i.rule, i.reason, $5, $6
      FROM unnest($2::bigint[], $3::text[], $4::text[]) AS i (case_no, rule, reason)
     WHERE NOT EXISTS (SELECT 1 FROM restriction r
                        WHERE r.city = $1 AND r.case_no = i.case_no AND r.lifted_at IS NULL)
    RETURNING case_no
), closed AS (
    UPDATE cases c SET restricted = true FROM new n WHERE c.city = $1 AND c.case_no = n.case_no
)
SELECT case_no FROM new ORDER BY case_no;

-- name: lift
-- Open a restricted case to all who may see cases again, at $3 by $4.
WITH opened AS (
    UPDATE restriction SET lifted_at = $3, lifted_by = $4
     WHERE city = $1 AND case_no = $2 AND lifted_at IS NULL
), gone AS (
    UPDATE admission SET until_at = $3 WHERE city = $1 AND case_no = $2 AND until_at IS NULL
)
UPDATE cases SET restricted = false WHERE city = $1 AND case_no = $2;

-- name: lifted
-- Which of the cases $2 a person has opened again: no rule closes those a second time.
SELECT DISTINCT case_no FROM restriction WHERE city = $1 AND case_no = ANY($2::bigint[]) AND lifted_at IS NOT NULL;

-- name: admit
-- Let a person see a case.
INSERT INTO admission (city, case_no, side, staff, unit, from_at, admitted_by, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: dismiss
-- Let the persons $3 see a case no more, from $4.
UPDATE admission SET until_at = $4 WHERE city = $1 AND case_no = $2 AND staff = ANY($3::text[]) AND until_at IS NULL;

-- name: dismiss_units
-- Let the people of all units but $3, which leads now, see a case no more, from $4.
UPDATE admission SET until_at = $4
 WHERE city = $1 AND case_no = $2 AND side = 'unit' AND unit IS DISTINCT FROM $3 AND until_at IS NULL;

-- name: admitted
-- Who may see a case, those who came first first.
SELECT side, staff, unit, from_at, admitted_by FROM admission
 WHERE city = $1 AND case_no = $2 AND until_at IS NULL ORDER BY from_at, staff;

-- name: waiting
-- Restricted cases that are not over and lack somebody: at the desk, or in the unit that leads; the oldest first.
SELECT r.case_no, r.since, d.n = 0 AS desk, u.n = 0 AND c.lead_unit IS NOT NULL AS unit, c.lead_unit
  FROM restriction r JOIN cases c ON c.city = r.city AND c.case_no = r.case_no
 CROSS JOIN LATERAL (SELECT count(*) AS n FROM admission a WHERE a.city = r.city AND a.case_no = r.case_no
                        AND a.side = 'desk' AND a.until_at IS NULL) d
 CROSS JOIN LATERAL (SELECT count(*) AS n FROM admission a WHERE a.city = r.city AND a.case_no = r.case_no
                        AND a.side = 'unit' AND a.unit = c.lead_unit AND a.until_at IS NULL) u
 WHERE r.city = $1 AND r.lifted_at IS NULL AND c.closed_at IS NULL
   AND (d.n = 0 OR u.n = 0 AND c.lead_unit IS NOT NULL)
 ORDER BY r.since, r.case_no LIMIT $2;

-- name: note_access
-- Write down that whoever reads looks at a case ($3 id, $4 what, $5 when), if the case is restricted; `refused` where
-- they are not admitted.
INSERT INTO restricted_access (city, access_id, case_no, staff, what, at)
SELECT $1, $3, $2, current_setting('jiesu.person', true),
       CASE WHEN EXISTS (SELECT 1 FROM admission a WHERE a.city = $1 AND a.case_no = $2 AND a.until_at IS NULL
                            AND a.staff = current_setting('jiesu.person', true)) THEN $4 ELSE 'refused' END, $5
 WHERE coalesce(current_setting('jiesu.person', true), '') <> ''
   AND EXISTS (SELECT 1 FROM restriction r WHERE r.city = $1 AND r.case_no = $2 AND r.lifted_at IS NULL);

-- name: case_of_file
-- Which case a file belongs to, as far as the reader may see it.
SELECT case_no FROM attachment WHERE city = $1 AND attachment_id = $2;

-- name: accesses
-- Who looked at a case, the latest first.
SELECT staff, what, at FROM restricted_access WHERE city = $1 AND case_no = $2 ORDER BY at DESC, access_id DESC LIMIT $3;
