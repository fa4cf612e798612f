-- The grid of a city, who works in it, and what its workers are asked to verify; a check is written under its case's lock.

-- name: retire
-- Close the cells that are not among $2; those closed before are not counted again.
UPDATE grid SET active = false WHERE city = $1 AND active AND code <> ALL($2::text[]) RETURNING code;

-- name: put
-- Keep the cells of a tree: $3 codes, $4 names, $5 levels, $6 parents, $7 grades; tells which are new.
INSERT INTO grid (city, code, name, level, parent, grade, imported_at)
SELECT $1, i.code, i.name, i.level, i.parent, i.grade, $2
  FROM unnest($3::text[], $4::text[], $5::smallint[], $6::text[], $7::text[]) AS i (code, name, level, parent, grade)
ON CONFLICT (city, code) DO UPDATE SET name = excluded.name, level = excluded.level, parent = excluded.parent,
       grade = excluded.grade, active = true, imported_at = excluded.imported_at
RETURNING xmax = 0 AS fresh;

-- name: one
-- One cell.
SELECT * FROM grid WHERE city = $1 AND code = $2;

-- name: tree
-- All cells that are in use, from the city down.
SELECT * FROM grid WHERE city = $1 AND active ORDER BY level, code;

-- name: under
-- The cells right under one (NULL: the root itself), with who works there and how its checks went.
SELECT g.code, g.name, g.level, g.parent, g.grade, g.active,
       (SELECT count(*) FROM staff s WHERE s.city = $1 AND s.grid = g.code AND s.active) AS workers,
       k.open, k.reported, k.lapsed
  FROM grid g
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE state = 'asked') AS open, count(*) FILTER (WHERE state = 'reported') AS reported,
              count(*) FILTER (WHERE state = 'lapsed') AS lapsed
         FROM grid_check c WHERE c.city = $1 AND c.grid = g.code AND c.asked_at >= $3) k ON true
 WHERE g.city = $1 AND g.active AND CASE WHEN $2::text IS NULL THEN g.level = 1 ELSE g.parent = $2 END
 ORDER BY g.code;

-- name: nearest
-- The cell itself or the one nearest above it where somebody works.
WITH RECURSIVE up (code, parent, n) AS (
    SELECT code, parent, 0 FROM grid WHERE city = $1 AND code = $2 AND active
    UNION ALL
    SELECT g.code, g.parent, up.n + 1 FROM up JOIN grid g ON g.city = $1 AND g.code = up.parent AND g.active
)
SELECT g.* FROM up JOIN grid g ON g.city = $1 AND g.code = up.code
 WHERE EXISTS (SELECT 1 FROM staff s WHERE s.city = $1 AND s.grid = g.code AND s.active)
 ORDER BY up.n LIMIT 1;

-- name: named
-- The communities of a township or county $2 whose names stand in the text $3.
SELECT * FROM grid
 WHERE city = $1 AND level = 4 AND active AND position(name IN $3) > 0
   AND parent IN (SELECT $2::text UNION ALL SELECT code FROM grid WHERE city = $1 AND parent = $2)
 ORDER BY code;

-- name: ask
-- Ask a grid to verify something; the number is given by the caller, who holds the case.
INSERT INTO grid_check (city, case_no, n, grid, asked_at, asked_by, asked_unit, place, what, types, unannounced, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: report
-- Keep what was found; one that has lapsed is answered late.
UPDATE grid_check SET state = 'reported', ended_at = $4, ended_by = $5, result = $6, finding = $7, found_at = $8,
       lon = $9, lat = $10, datum = $11, photos = $12, late = $13
 WHERE city = $1 AND case_no = $2 AND n = $3 AND state IN ('asked', 'lapsed');

-- name: withdraw
-- Take a question back that has no answer yet.
UPDATE grid_check SET state = 'withdrawn', ended_at = $4, ended_by = $5, reason = $6
 WHERE city = $1 AND case_no = $2 AND n = $3 AND state = 'asked';

-- name: of_case
-- What grids were asked about a case, in order, with the grids' names.
SELECT k.*, g.name AS grid_name FROM grid_check k JOIN grid g ON g.city = k.city AND g.code = k.grid
 WHERE k.city = $1 AND k.case_no = $2 ORDER BY k.n;

-- name: of_grid
-- What a grid was asked, what is open first and then the newest.
SELECT k.*, g.name AS grid_name FROM grid_check k JOIN grid g ON g.city = k.city AND g.code = k.grid
 WHERE k.city = $1 AND k.grid = $2 AND k.asked_at >= $3
 ORDER BY k.state <> 'asked', k.asked_at DESC LIMIT $4;

-- name: over
-- Open questions whose time has passed, or whose case no longer waits or is worked on; held with their cases, and what
-- someone else is at is left to them.
SELECT k.*, g.name AS grid_name
  FROM grid_check k JOIN cases c ON c.city = k.city AND c.case_no = k.case_no
  JOIN grid g ON g.city = k.city AND g.code = k.grid
 WHERE k.city = $1 AND k.state = 'asked' AND (k.due_at <= $2 OR c.state <> ALL($3::text[]))
 ORDER BY k.due_at LIMIT $4 FOR UPDATE OF c, k SKIP LOCKED;

-- name: lapse
-- Let a question go that nobody answered: `lapsed`, or `withdrawn` where its case is over.
UPDATE grid_check SET state = $4, ended_at = $5, ended_by = $6, reason = $7
 WHERE city = $1 AND case_no = $2 AND n = $3 AND state = 'asked';

-- name: patrol
-- What was found on patrol that opened a case, as it was sent.
SELECT payload FROM report WHERE city = $1 AND case_no = $2 AND source = 'patrol' ORDER BY version LIMIT 1;
