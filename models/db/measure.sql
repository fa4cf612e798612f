-- Measuring: how far the queues are, and the bare table that the bench compares with.

-- name: progress
-- Count what waits, what was dispatched and what is in review.
SELECT count(*) FILTER (WHERE queue IN ('tag', 'route')) AS waiting,
       count(*) FILTER (WHERE queue IS NULL) AS dispatched,
       count(*) FILTER (WHERE queue = 'review') AS review
  FROM cases WHERE city = $1;

-- name: bare_table
-- Make the table of the baseline.
CREATE TABLE IF NOT EXISTS bench_bare
    (city text, n bigint, text text NOT NULL, payload jsonb NOT NULL, PRIMARY KEY (city, n));

-- name: insert_bare
-- Insert rows $2 of the size of a report.
INSERT INTO bench_bare (city, n, text, payload)
SELECT $1, n, $3, $4 FROM unnest($2::bigint[]) AS n ON CONFLICT DO NOTHING;

-- name: update_bare
-- Update rows $2 as a stage does: text and jsonb by key.
UPDATE bench_bare SET text = $3, payload = $4 WHERE city = $1 AND n = ANY($2::bigint[]);

-- name: fill_clocks
-- The cases $2 to $3 with a clock each, spread over four months; those of the first $4 cases have come due.
WITH cases_too AS (
    INSERT INTO cases (city, case_no, state, channel, source, text, received_at, track_hash)
    SELECT $1, n, 'DISPATCHED', '12345_TEL', '12345', '楼下工厂夜间排放刺鼻废气', now() - interval '20 days',
           decode(md5(n::text), 'hex')
      FROM generate_series($2::bigint, $3::bigint) n)
INSERT INTO clock (city, case_no, task_no, code, unit, started_at, due_at, calendar, trace, warn_at, next_at, basis,
                   counted_by)
SELECT $1, n, 0, 'K12', NULL, now() - interval '20 days', d.due, 'W',
       '[{"day": "2026-11-20", "n": 0, "note": "当日不计入,次日起算"}, {"day": "2026-11-23", "n": 1, "note": "工作日"}]',
       ARRAY[d.due - interval '2 days', d.due - interval '1 day'],
       CASE WHEN n < $4 THEN d.due ELSE d.due - interval '2 days' END,
       jsonb_build_object('start', now() - interval '20 days', 'span', jsonb_build_object('n', 15, 'unit', 'W')),
       'bench'
  FROM generate_series($2::bigint, $3::bigint) n,
       LATERAL (SELECT CASE WHEN n < $4 THEN now() - interval '1 second'
                            ELSE now() + interval '3 days' + (n % 10000) * interval '17 minutes' END AS due) d;

-- name: analyse_clocks
-- Let the planner know how many there are.
ANALYZE clock, cases;

-- name: fill_cases
-- Store tagged cases $2 to $3 in the routing queue; types $4, counties $5, towns $6 and tags $7 in turn, text $8.
INSERT INTO cases (city, case_no, state, queue, channel, source, text, received_at, kind, types, urgency, adcode,
                   township, tags, track_hash)
SELECT $1, n, 'SCREEN', 'route', '12345_TEL', '12345', $8, now() - (n % 400) * interval '1 day', 'TS',
       string_to_array(s.types, '|'), 'P2', s.adcode, s.township, s.tags,
       decode(md5(n::text), 'hex')
  FROM generate_series($2::bigint, $3::bigint) n
  JOIN unnest($4::text[], $5::text[], $6::text[], $7::jsonb[]) WITH ORDINALITY AS s(types, adcode, township, tags, at)
    ON s.at = 1 + n % cardinality($4::text[]);

-- name: analyse_cases
-- Let the planner know how many there are.
ANALYZE cases;

-- name: close_all
-- Close what was dispatched, $2 after that.
UPDATE cases SET state = 'CLOSED', closed_at = dispatched_at + $2::interval WHERE city = $1 AND queue IS NULL;
