-- The units that a case complains of, from which row-level security hides it.

-- name: note
-- Say which units a case complains of, in place of what was said before.
WITH gone AS (
    DELETE FROM accused WHERE city = $1 AND case_no = $2 AND unit <> ALL($3::text[])
)
INSERT INTO accused (city, case_no, unit, noted_at)
SELECT $1, $2, u.unit, $4 FROM unnest($3::text[]) AS u (unit)
ON CONFLICT DO NOTHING;

-- name: of_case
-- The units that a case complains of.
SELECT unit FROM accused WHERE city = $1 AND case_no = $2 ORDER BY unit;
