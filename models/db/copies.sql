-- Copies of cases to the chiefs of waters and forests.

-- name: send
-- Note who was told of which case: $2 case, $3 unit, $4 place, $5 title; $6 is the moment. Once for each.
INSERT INTO case_copy (city, case_no, unit, place, title, sent_at)
SELECT $1, i.case_no, i.unit, i.place, i.title, $6
  FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) AS i (case_no, unit, place, title)
ON CONFLICT (city, case_no, unit, place) DO NOTHING;

-- name: of_case
-- Who was told of a case.
SELECT case_no, unit, place, title, sent_at FROM case_copy WHERE city = $1 AND case_no = $2 ORDER BY unit, place;

-- name: of_unit
-- What a unit was told of, the latest first and before case $3.
SELECT case_no, unit, place, title, sent_at FROM case_copy
 WHERE city = $1 AND unit = $2 AND ($3::bigint IS NULL OR case_no < $3) ORDER BY case_no DESC LIMIT $4;
