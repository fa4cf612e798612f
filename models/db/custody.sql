-- Who held a case from when to when; the rows of a case follow each other without gap or overlap.

-- name: follow
-- Let the ledger follow cases as they stand after something happened: $1 city, $2 case, $3 moment. Whoever held one
-- and does no longer is relieved at that moment, and whoever holds it now begins.
WITH seen AS (
    SELECT i.city, i.case_no, i.at, holding_of(c) AS holding,
           CASE WHEN holding_of(c) = 'unit' THEN c.lead_unit END AS unit
      FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS i (city, case_no, at)
      JOIN cases c ON c.city = i.city AND c.case_no = i.case_no
), relieved AS (
    UPDATE custody h SET until_at = greatest(h.from_at, s.at) FROM seen s
     WHERE h.city = s.city AND h.case_no = s.case_no AND h.until_at IS NULL
       AND (h.holding, h.unit) IS DISTINCT FROM (s.holding, s.unit)
    RETURNING h.city, h.case_no, h.seq, h.until_at
)
INSERT INTO custody (city, case_no, seq, holding, unit, from_at)
SELECT s.city, s.case_no, coalesce(l.seq, 0) + 1, s.holding, s.unit,
       coalesce(r.until_at, greatest(l.until_at, s.at))
  FROM seen s
  LEFT JOIN relieved r ON r.city = s.city AND r.case_no = s.case_no
  LEFT JOIN LATERAL (SELECT h.seq, h.until_at FROM custody h WHERE h.city = s.city AND h.case_no = s.case_no
                      ORDER BY h.seq DESC LIMIT 1) l ON true
 WHERE s.holding IS NOT NULL AND (r.case_no IS NOT NULL OR l.seq IS NULL OR l.until_at IS NOT NULL);

-- name: of_case
-- The whole ledger of a case.
SELECT case_no, seq, holding, unit, from_at, until_at FROM custody WHERE city = $1 AND case_no = $2 ORDER BY seq;

-- name: within
-- What was held between $2 and $3, cut to that time, case by case; what is still held ends at $3.
SELECT case_no, seq, holding, unit, greatest(from_at, $2) AS from_at, least(until_at, $3) AS until_at
  FROM custody WHERE city = $1 AND until_at IS NOT NULL AND until_at > $2 AND from_at < $3
UNION ALL
SELECT h.case_no, h.seq, h.holding, h.unit, greatest(h.from_at, $2), $3
  FROM custody h WHERE h.city = $1 AND h.until_at IS NULL AND h.from_at < $3
 ORDER BY case_no, seq;
