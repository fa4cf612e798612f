-- The history of cases, and the hash chain that proves nobody changed it.

-- name: append
-- Append events and remember that they are not sealed yet.
WITH appended AS (
    INSERT INTO event (city, event_id, case_no, at, verb, actor_kind, actor_name, actor_unit, data)
    SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::text[],
                         $6::text[], $7::text[], $8::text[], $9::jsonb[])
    RETURNING city, event_id
)
INSERT INTO event_unsealed (city, event_id) SELECT city, event_id FROM appended;

-- name: history
-- All that happened to one case, in order.
SELECT city, event_id, case_no, at, verb, actor_kind, actor_name, actor_unit, data
  FROM event WHERE city = $1 AND case_no = $2 ORDER BY event_id;

-- name: lock_chain
-- Be the only sealer of a city until the end of the transaction; false when another one is.
SELECT pg_try_advisory_xact_lock(4918114, $1::text::integer);

-- name: head
-- The last link of a city's chain.
SELECT seq, hash FROM event_seal WHERE city = $1 ORDER BY seq DESC LIMIT 1;

-- name: take_unsealed
-- Take up to $2 events that no link holds yet, in order; one whose event is gone stays for the verifier.
WITH taken AS (
    DELETE FROM event_unsealed u USING event e
     WHERE u.city = $1 AND e.city = u.city AND e.event_id = u.event_id
       AND u.event_id = ANY (ARRAY(
           SELECT event_id FROM event_unsealed WHERE city = $1 ORDER BY event_id LIMIT $2))
    RETURNING e.city, e.event_id, e.case_no, e.at, e.verb, e.actor_kind, e.actor_name, e.actor_unit, e.data
)
SELECT * FROM taken ORDER BY event_id;

-- name: add_links
-- Write links, in order.
INSERT INTO event_seal (city, seq, event_id, hash)
SELECT $1, * FROM unnest($2::bigint[], $3::uuid[], $4::bytea[]);

-- name: links_after
-- Up to $3 links after a number, each with the event it was made of.
SELECT s.seq, s.hash, s.event_id AS sealed_id, e.city, e.event_id, e.case_no, e.at, e.verb,
       e.actor_kind, e.actor_name, e.actor_unit, e.data
  FROM event_seal s LEFT JOIN event e ON e.city = s.city AND e.event_id = s.event_id
 WHERE s.city = $1 AND s.seq > $2 ORDER BY s.seq LIMIT $3;

-- name: count_unsealed
-- How many events wait for the sealer.
SELECT count(*) FROM event_unsealed WHERE city = $1;

-- name: strays
-- Events that no link holds and no sealer will ever take, and waiting ones whose event is gone.
SELECT e.event_id, 'link_missing' AS kind FROM event e
 WHERE e.city = $1
   AND NOT EXISTS (SELECT 1 FROM event_seal s WHERE s.city = e.city AND s.event_id = e.event_id)
   AND NOT EXISTS (SELECT 1 FROM event_unsealed u WHERE u.city = e.city AND u.event_id = e.event_id)
UNION ALL
SELECT u.event_id, 'event_missing' FROM event_unsealed u
 WHERE u.city = $1
   AND NOT EXISTS (SELECT 1 FROM event e WHERE e.city = u.city AND e.event_id = u.event_id)
ORDER BY event_id LIMIT $2;
