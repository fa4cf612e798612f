-- Twenty thousand closed cases of the small city with all that closure knows of them, to look at plans with.
INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash, state, accepted_at, closed_at, queue)
SELECT '990100', n, '12345_TEL', '12345', 'x', now(), decode(md5(n::text), 'hex'), 'CLOSED', now(), now(), NULL
  FROM generate_series(1, 20000) n;
INSERT INTO visit SELECT '990100', n, k, 1, '990102-ECO', 'site', now(), '{a}', 'x', false, 'x', '{}', now(), 'x'
  FROM generate_series(1, 20000) n, generate_series(1, 2) k;
INSERT INTO monitoring (city, case_no, n, asked_at, asked_by, station, what, hours)
SELECT '990100', n, 1, now(), 'x', 'x', 'x', '' FROM generate_series(1, 20000) n;
INSERT INTO self_check SELECT '990100', n, 1, '990102-ECO', now(), 'x', '{}' FROM generate_series(1, 20000) n;
INSERT INTO lookback (city, case_no, n, kind, rule, planned_at, due_at, opened_at, done_at, result)
SELECT '990100', n, 1, 'after_close', 'key', now(), timestamptz '2026-01-01' + n * interval '1 hour',
       CASE WHEN n % 50 < 49 THEN now() END, CASE WHEN n % 50 < 48 THEN now() END, CASE WHEN n % 50 < 48 THEN 'held' END
  FROM generate_series(1, 20000) n;
INSERT INTO crime_transfer (city, case_no, n, unit, facts, evidence, files, reported_at, reported_by)
SELECT '990100', n, 1, '990102-ECO', 'x', '{a}', '{}', now(), 'x' FROM generate_series(1, 20000) n;
INSERT INTO joint_action (city, case_no, n, kind, topic, invited, proposed_at, proposed_by, conclusion, document, concluded_at)
SELECT '990100', n, 1, 'check', 'x', '{a}', now() - n * interval '1 hour', 'x', CASE WHEN n % 50 > 0 THEN 'x' END, 'x',
       CASE WHEN n % 50 > 0 THEN now() END FROM generate_series(1, 20000) n;
INSERT INTO inspection (city, ref, case_no, assigned_at, adcode, pollution, content, listed_by, listed_at, published_at)
SELECT '990100', n::text, n, timestamptz '2026-01-01' + n * interval '1 hour', '990102', 'x', 'x', 'x', now(),
       CASE WHEN n % 50 = 0 THEN now() END FROM generate_series(1, 20000) n;
