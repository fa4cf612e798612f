-- Leases: who does a thing that only one may do at a time. The database's clock alone decides.

-- name: take
-- Take or renew a lease for $4; nothing is returned while another holder has it.
INSERT INTO lease AS l (city, name, holder, until, beat_at)
VALUES ($1, $2, $3, clock_timestamp() + $4::interval, clock_timestamp())
ON CONFLICT (city, name) DO UPDATE
   SET holder = excluded.holder, until = excluded.until, beat_at = excluded.beat_at
 WHERE l.holder = excluded.holder OR l.until < clock_timestamp()
RETURNING true;

-- name: release
-- Give a lease back, if it is still ours.
DELETE FROM lease WHERE city = $1 AND name = $2 AND holder = $3;

-- name: beat
-- Say for each city that this holder is alive.
INSERT INTO lease (city, name, holder, until, beat_at)
SELECT city, 'worker:' || $2, $2, clock_timestamp() + $3::interval, clock_timestamp()
  FROM unnest($1::text[]) AS city
ON CONFLICT (city, name) DO UPDATE SET until = excluded.until, beat_at = excluded.beat_at;

-- name: forget_dead
-- Drop the heartbeats of workers that have been silent for a day.
DELETE FROM lease WHERE name LIKE 'worker:%' AND until < clock_timestamp() - interval '1 day';

-- name: ages
-- For each city the seconds since the liveliest worker's last beat.
SELECT city, extract(epoch FROM clock_timestamp() - max(beat_at))::float8 AS age
  FROM lease WHERE name LIKE 'worker:%' GROUP BY city ORDER BY city;

-- name: watch_ages
-- For each city the seconds since each of the watches $1 was last kept.
SELECT city, name, extract(epoch FROM clock_timestamp() - beat_at)::float8 AS age
  FROM lease WHERE name = ANY($1::text[]) ORDER BY city, name;
