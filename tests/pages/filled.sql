-- Twenty thousand cases with all that belongs to them, for looking at query plans; $1 is the city.
INSERT INTO unit (city, code, name, short_name, level)
SELECT $1, c, c, c, 'county' FROM unnest(ARRAY['430102-UMA', '430102-ECO', '430103-UMA']) c;

INSERT INTO cases (city, case_no, state, queue, channel, source, text, received_at, urgency, types, lead_unit,
                   track_hash)
SELECT $1, 20261101000000 + i,
       (ARRAY['CLOSED', 'CLOSED', 'CLOSED', 'CLOSED', 'DISPATCHED', 'IN_PROGRESS', 'SUBMITTED', 'REJECTED'])[1 + i % 8],
       CASE WHEN i % 200 = 0 THEN 'review' WHEN i % 997 = 0 THEN 'tag' WHEN i % 991 = 0 THEN 'route' END,
       '12345_TEL', '12345', '油烟很大' || i, now(), 'P' || (i % 4), '{A03}',
       (ARRAY['430102-UMA', '430102-ECO', '430103-UMA'])[1 + i % 3], sha256(i::text::bytea)
  FROM generate_series(1, 20000) i;

INSERT INTO case_search (city, case_no, words)
SELECT $1, 20261101000000 + i, array_to_tsvector(ARRAY['油烟', 'w' || i % 500, 'x' || i % 77])
  FROM generate_series(1, 20000) i;

INSERT INTO task (city, case_no, task_no, unit, role, is_lead, state, dispatched_at)
SELECT $1, 20261101000000 + i, 1, (ARRAY['430102-UMA', '430102-ECO', '430103-UMA'])[1 + i % 3], 'UMA', true,
       CASE WHEN i % 8 < 4 THEN 'DONE' WHEN i % 400 = 4 THEN 'RETURN_REQ' WHEN i % 40 < 8 THEN 'SIGNED' ELSE 'DONE' END,
       now()
  FROM generate_series(1, 20000) i;

INSERT INTO clock (city, case_no, task_no, code, unit, started_at, due_at, calendar, trace, stopped_at)
SELECT $1, 20261101000000 + i, n, 'K0' || n, (ARRAY['430102-UMA', '430102-ECO', '430103-UMA'])[1 + i % 3], now(),
       now() + (i % 600 - 20) * interval '1 hour', 'W', '[]', CASE WHEN i % 20 > 0 THEN now() END
  FROM generate_series(1, 20000) i, generate_series(0, 1) n;

INSERT INTO event (city, event_id, case_no, at, verb, actor_kind, actor_name, data)
SELECT $1, gen_random_uuid(), 20261101000000 + i, now(), 'case:received', 'system', 'jiesu', '{}'
  FROM generate_series(1, 20000) i;

INSERT INTO clock_alarm (city, case_no, task_no, code, attempt, level, at)
SELECT $1, 20261101000000 + i, 1, 'K04', 1, 'breach', now() FROM generate_series(1, 20000) i;

INSERT INTO attachment (city, attachment_id, case_no, origin, name, media_type, size, sha256, created_at)
SELECT $1, gen_random_uuid(), 20261101000000 + i, 'unit', 'a', 'image/png', 1, i::text, now()
  FROM generate_series(1, 20000) i;

INSERT INTO case_ref (city, source, external_no, case_no, digest)
SELECT $1, '12345', 'N' || i, 20261101000000 + i, '' FROM generate_series(1, 20000) i;

INSERT INTO identity (city, case_no, reporter_no, key_version, anonymous, confidential, want_callback, created_at)
SELECT $1, 20261101000000 + i, 1, 1, true, true, true, now() FROM generate_series(1, 20000) i;

INSERT INTO staff (city, username, display_name, role, password_hash)
SELECT $1, 'p' || i, 'p', 'operator', '' FROM generate_series(1, 2000) i;

INSERT INTO session (city, token_hash, username, csrf, created_at, expires_at)
SELECT $1, sha256(i::text::bytea), 'p1', '', now(), now() + interval '1 hour' FROM generate_series(1, 2000) i;
INSERT INTO restriction (city, case_no, since, rule, reason, made_by)
SELECT city, case_no, received_at, 'DATA-FRAUD', '', 'router' FROM cases WHERE city = $1 AND case_no % 500 = 3
