-- What is measured at scrape time, per city; each statement is served by a partial index.

-- name: queues
-- Cases that wait for a stage or for the desk, and since when the oldest of them was received.
WITH waiting AS (
    SELECT city, queue, received_at FROM cases WHERE queue = 'tag'
    UNION ALL SELECT city, queue, received_at FROM cases WHERE queue = 'route'
    UNION ALL SELECT city, queue, received_at FROM cases WHERE queue = 'review'
)
SELECT city, queue, count(*) AS n, extract(epoch FROM now() - min(received_at))::float8 AS oldest
  FROM waiting GROUP BY city, queue;

-- name: clocks
-- Clocks that run, and how many of those have been breached.
SELECT city, count(*) AS open, count(*) FILTER (WHERE due_at < now()) AS breached
  FROM clock WHERE stopped_at IS NULL GROUP BY city;

-- name: outbox
-- Messages that wait, and those that were given up.
SELECT city, 'pending' AS state, count(*) AS n FROM outbox WHERE state = 'pending' GROUP BY city
UNION ALL
SELECT city, 'dead', count(*) FROM outbox WHERE state = 'dead' GROUP BY city;

-- name: unsealed
-- Events that no link of the chain holds yet.
SELECT city, count(*) AS n FROM event_unsealed GROUP BY city;
