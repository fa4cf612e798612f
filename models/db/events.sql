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
