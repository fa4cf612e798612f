-- Twenty thousand disputed cases of the small city, to look at plans with.
INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash, state, accepted_at, queue)
SELECT '990100', n, '12345_TEL', '12345', 'x', now(), decode(md5(n::text), 'hex'), 'DISPATCHED', now(), NULL
  FROM generate_series(1, 20000) n;
INSERT INTO custody (city, case_no, seq, holding, unit, from_at, until_at)
SELECT '990100', n, k, 'unit', '990102-ECO', timestamptz '2026-01-01' + n * interval '1 hour' + k * interval '1 minute',
       CASE WHEN k = 1 OR n % 10 > 0
            THEN timestamptz '2026-01-01' + n * interval '1 hour' + (k + 1) * interval '1 minute' END
  FROM generate_series(1, 20000) n, generate_series(1, 2) k;
INSERT INTO return_request (city, case_no, task_no, n, unit, reason, basis, requested_at, decided_at, granted)
SELECT '990100', n, 1, 1, '990102-ECO', 'R1', 'x', timestamptz '2026-01-01' + n * interval '1 hour', now(), n % 2 = 0
  FROM generate_series(1, 20000) n;
INSERT INTO dispute (city, case_no, dispute_no, cause, stage, level, opener, parties, opened_at, negotiate_until,
                     settled_at, lead_unit, document)
SELECT '990100', n, 1, 'ping_pong', CASE WHEN n % 100 = 0 THEN 'negotiation' ELSE 'designated' END, 'hotline', '990102-ECO',
       ARRAY['990102-ECO'], timestamptz '2026-01-01' + n * interval '1 hour', timestamptz '2026-01-02' + n * interval '1 hour',
       CASE WHEN n % 100 > 0 THEN now() END, '990102-ECO', 'x' FROM generate_series(1, 20000) n;
INSERT INTO letter (city, letter_id, case_no, number, kind, to_name, subject, body, issued_at, issued_by, received_at)
SELECT '990100', gen_random_uuid(), n, n::text, 'inform', '990102-ECO', 'x', 'x', timestamptz '2026-01-01' + n * interval '1 hour',
       'x', CASE WHEN n % 100 > 0 THEN now() END FROM generate_series(1, 20000) n;
INSERT INTO accused (city, case_no, unit, noted_at)
SELECT '990100', n, '990102-ECO', now() FROM generate_series(1, 20000) n;
