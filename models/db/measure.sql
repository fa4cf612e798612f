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
