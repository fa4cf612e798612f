-- Twenty thousand cases, three thousand cells, ten questions to each community.
INSERT INTO grid (city, code, name, level, parent, grade, imported_at)
VALUES ('990100', '990100', '测试市', 1, NULL, 'general', now()),
       ('990100', '990102', '东区', 2, '990100', 'general', now());
INSERT INTO grid (city, code, name, level, parent, grade, imported_at)
SELECT '990100', '990102' || lpad(n::text, 3, '0'), '街道' || n, 3, '990102', 'general', now()
  FROM generate_series(1, 150) n;
INSERT INTO grid (city, code, name, level, parent, grade, imported_at)
SELECT '990100', '990102' || lpad(n::text, 3, '0') || lpad(m::text, 3, '0'), '社区' || n || '号' || m, 4,
       '990102' || lpad(n::text, 3, '0'), 'key', now()
  FROM generate_series(1, 150) n, generate_series(1, 20) m;
INSERT INTO staff (city, username, display_name, role, grid, password_hash)
SELECT '990100', 'g' || code, name, 'grid', code, 'x' FROM grid WHERE city = '990100';
INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash, state, queue)
SELECT '990100', n, 'GRID', 'patrol', 'x', now(), decode(md5(n::text), 'hex'), 'SCREEN', 'review'
  FROM generate_series(1, 20000) n;
INSERT INTO grid_check (city, case_no, n, grid, state, asked_at, asked_by, place, what, types, unannounced, due_at,
                        ended_at)
SELECT '990100', n, 1, '990102' || lpad((n % 150 + 1)::text, 3, '0') || lpad((n % 20 + 1)::text, 3, '0'),
       CASE WHEN n % 100 = 0 THEN 'asked' ELSE 'lapsed' END, now(), 'x', 'x', 'x', '{}', false, now(),
       CASE WHEN n % 100 = 0 THEN NULL ELSE now() END
  FROM generate_series(1, 20000) n;
INSERT INTO report (city, source, external_no, version, message_id, digest, case_no, received_at, payload)
SELECT '990100', 'patrol', n::text, 1, n::text, 'x', n, now(), '{}' FROM generate_series(1, 20000) n;
