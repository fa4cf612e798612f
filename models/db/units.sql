-- A city's units as its data files say, and each release of those files, kept for old cases.

-- name: put_units
-- Write the units that differ; arrays of equal length, one element per unit.
INSERT INTO unit AS u (city, code, name, short_name, level, parent, has_enforcement, active)
SELECT $1, n.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[],
                           $8::boolean[]) AS n
ON CONFLICT (city, code) DO UPDATE
   SET name = excluded.name, short_name = excluded.short_name, level = excluded.level,
       parent = excluded.parent, has_enforcement = excluded.has_enforcement, active = excluded.active
 WHERE (u.name, u.short_name, u.level, u.parent, u.has_enforcement, u.active) IS DISTINCT FROM
       (excluded.name, excluded.short_name, excluded.level, excluded.parent, excluded.has_enforcement,
        excluded.active);

-- name: retire_units
-- Units that the data no longer name stay, for the cases they handled, and get no new work.
UPDATE unit SET active = false WHERE city = $1 AND active AND code <> ALL ($2::text[]);

-- name: put_release
-- Keep this release of the city's data; nothing is returned when it is already kept.
INSERT INTO city_release (city, version, content) VALUES ($1, $2, $3)
ON CONFLICT (city, version) DO NOTHING RETURNING version;

-- name: release
-- One release of a city's data, as it was.
SELECT content FROM city_release WHERE city = $1 AND version = $2;

-- name: units
-- The units of a city by code, those out of service too.
SELECT code, name, short_name, level, parent, has_enforcement, active FROM unit
 WHERE city = $1 ORDER BY code;
