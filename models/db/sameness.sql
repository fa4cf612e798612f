-- Sameness: sketches kept with the tags, and the cases of the same days, place or caller. Who the caller is stays in
-- the vault: blind indexes are compared here and never leave the database.

-- name: keep
-- Keep the sketches of cases as they were just tagged: $2 case, $3 maker, $4 bits, $5 names as array literals,
-- $6 levels, $7 county, $8 longitude, $9 latitude, $10 cell.
INSERT INTO sketch (city, case_no, maker, bits, names, levels, adcode, received_at, lon, lat, cell)
SELECT $1, i.case_no, i.maker, i.bits, i.names::text[], i.levels, i.adcode, c.received_at, i.lon, i.lat, i.cell
  FROM unnest($2::bigint[], $3::text[], $4::bit(512)[], $5::text[], $6::integer[], $7::text[], $8::float8[],
              $9::float8[], $10::bigint[]) AS i (case_no, maker, bits, names, levels, adcode, lon, lat, cell)
  JOIN cases c ON c.city = $1 AND c.case_no = i.case_no
ON CONFLICT (city, case_no) DO UPDATE
   SET maker = excluded.maker, bits = excluded.bits, names = excluded.names, levels = excluded.levels,
       adcode = excluded.adcode, lon = excluded.lon, lat = excluded.lat, cell = excluded.cell;

-- name: correct
-- Follow what a person corrected: $3 levels, $4 county.
UPDATE sketch SET levels = $3, adcode = $4 WHERE city = $1 AND case_no = $2;

-- name: stated
-- Where the sources of cases say that it happens: longitude, latitude and system, of the latest word that says it.
SELECT DISTINCT ON (r.case_no) r.case_no,
       coalesce(r.payload #>> '{order,location,lng}', r.payload #>> '{report,longitude}', r.payload ->> 'lon') AS lon,
       coalesce(r.payload #>> '{order,location,lat}', r.payload #>> '{report,latitude}', r.payload ->> 'lat') AS lat,
       coalesce(r.payload #>> '{order,location,coordType}', r.payload #>> '{report,coordinates}', r.payload ->> 'datum',
                CASE WHEN r.source = 'portal' THEN 'WGS84' END) AS system
  FROM report r
 WHERE r.city = $1 AND r.case_no = ANY($2::bigint[]) AND r.applied
   AND coalesce(r.payload #>> '{order,location,lng}', r.payload #>> '{report,longitude}', r.payload ->> 'lon') <> ''
   AND coalesce(r.payload #>> '{order,location,lat}', r.payload #>> '{report,latitude}', r.payload ->> 'lat') <> ''
 ORDER BY r.case_no, r.version DESC;

-- name: matters
-- Cases with what they are compared by; `merged` counts the cases that this one already answers for.
SELECT c.case_no, c.state, c.source, c.title, left(c.text, 1200) AS text, c.address, c.received_at, c.closed_at, c.types,
       c.urgency, c.adcode, c.township, c.parent_no, c.merged_into, k.maker, k.bits, k.names, k.lon, k.lat,
       coalesce(c.kind = 'CF' OR c.tags -> 'flags' ? 'repeat', false) AS again,
       (SELECT count(*) FROM cases m WHERE m.city = $1 AND m.merged_into = c.case_no) AS merged
  FROM cases c LEFT JOIN sketch k ON k.city = c.city AND k.case_no = c.case_no
 WHERE c.city = $1 AND c.case_no = ANY($2::bigint[]);

-- name: counties
-- The counties that have sketches, the unknown one among them, each found by one step along the index.
WITH RECURSIVE county (code) AS (
    (SELECT adcode FROM sketch WHERE city = $1 ORDER BY adcode LIMIT 1)
    UNION ALL
    SELECT (SELECT k.adcode FROM sketch k WHERE k.city = $1 AND k.adcode > county.code ORDER BY k.adcode LIMIT 1)
      FROM county WHERE county.code IS NOT NULL
)
SELECT code FROM county WHERE code IS NOT NULL;

-- name: around
-- For each case $2 the $7 likeliest of the counties $3 (as array literals) between $4 and $5, of the levels $6: those
-- that name the same and read alike first. A name in common is worth a hundred bits of 512.
SELECT s.case_no AS own, n.case_no AS other
  FROM unnest($2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::integer[])
       AS s (case_no, counties, since, until, levels)
  JOIN sketch k ON k.city = $1 AND k.case_no = s.case_no
 CROSS JOIN LATERAL (
       SELECT n.case_no FROM sketch n
        WHERE n.city = $1 AND n.adcode = ANY(s.counties::text[]) AND n.received_at BETWEEN s.since AND s.until
          AND n.levels & s.levels <> 0 AND n.case_no <> s.case_no
        ORDER BY bit_count(n.bits # k.bits) - CASE WHEN n.names && k.names THEN 100 ELSE 0 END
                 + CASE WHEN n.maker = k.maker THEN 0 ELSE 256 END, n.case_no DESC
        LIMIT $7) n;

-- name: beside
-- For each case $2 that has a point: the $6 cases between $3 and $4 in the cells $5 (as array literals), nearest first.
SELECT s.case_no AS own, n.case_no AS other
  FROM unnest($2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[]) AS s (case_no, since, until, cells)
  JOIN sketch k ON k.city = $1 AND k.case_no = s.case_no
 CROSS JOIN LATERAL (
       SELECT n.case_no FROM sketch n
        WHERE n.city = $1 AND n.cell = ANY(s.cells::bigint[]) AND n.received_at BETWEEN s.since AND s.until
          AND n.case_no <> s.case_no
        ORDER BY (n.lon - k.lon) ^ 2 + (n.lat - k.lat) ^ 2, n.case_no DESC
        LIMIT $6) n;

-- name: same_caller
-- For each case $2 the $3 newest others of the same caller, by the blind index of the telephone or of the WeChat id, and
-- the one that the platform itself names as this caller's earlier order.
SELECT DISTINCT i.case_no AS own, o.case_no AS other
  FROM unnest($2::bigint[]) AS s (case_no)
  JOIN identity i ON i.city = $1 AND i.case_no = s.case_no
 CROSS JOIN LATERAL (
       (SELECT p.case_no FROM identity p WHERE p.city = $1 AND p.phone_index = i.phone_index
         ORDER BY p.case_no DESC LIMIT $3)
       UNION ALL
       (SELECT w.case_no FROM identity w WHERE w.city = $1 AND w.wechat_index = i.wechat_index
         ORDER BY w.case_no DESC LIMIT $3)) o
 WHERE o.case_no <> i.case_no
 UNION
SELECT r.case_no, e.case_no FROM report r
 CROSS JOIN LATERAL (SELECT f.case_no FROM case_ref f WHERE f.city = $1 AND f.source = r.source
                         AND f.external_no = r.payload #>> '{order,oldOrderNo}' LIMIT 1) e
 WHERE r.city = $1 AND r.case_no = ANY($2::bigint[]) AND e.case_no <> r.case_no;
