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

-- name: open_matter
-- Open the pollution matter inside a complaint ($2) as case $3, under nothing that leads back to it; wake the taggers.
WITH opened AS (
    INSERT INTO cases (city, case_no, channel, source, text, address, received_at, stated_adcode, confidential,
                       track_hash)
    SELECT p.city, $3::bigint, p.channel, 'desk', $4, $5, $7, coalesce($6, p.adcode), true,
           sha256(convert_to(gen_random_uuid()::text || $3::bigint, 'UTF8'))
      FROM cases p WHERE p.city = $1 AND p.case_no = $2
    RETURNING 1
)
SELECT count(*), pg_notify('jiesu_work', 'tag') IS NOT NULL AS woken FROM opened;
