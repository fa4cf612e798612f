-- Twenty thousand cases: each with alarms told, an order, a letter; a few of each still open.
INSERT INTO cases (city, case_no, state, channel, source, text, received_at, track_hash, key_reasons)
SELECT '990100', n, 'DISPATCHED', 'WEB', 'WEB', 'x', now(), decode(md5(n::text), 'hex'),
       CASE WHEN n % 50 = 0 THEN ARRAY['repeated'] ELSE '{}' END
  FROM generate_series(1, 20000) n;
INSERT INTO task (city, case_no, task_no, unit, role, is_lead, state, revision, dispatched_at)
SELECT '990100', n, 1, CASE WHEN n % 20 = 0 THEN '990102-ECO' ELSE '990103-ECO' END, 'ECO', true, 'DISPATCHED', 1, now() FROM generate_series(1, 20000) n;
INSERT INTO clock (city, case_no, task_no, code, attempt, started_at, due_at, calendar, provisional, trace, warn_at,
                   warned)
SELECT '990100', n, 0, 'K12', 1, now(), now(), 'W', false, '[]', '{}', 0 FROM generate_series(1, 20000) n;
INSERT INTO clock_alarm (city, case_no, task_no, code, attempt, level, unit, at, escalated_at, acted_at)
SELECT '990100', n, 0, 'K12', 1, 'breach', '990102-ECO', now(), CASE WHEN n % 50 > 0 THEN now() END,
       CASE WHEN n % 50 > 0 THEN now() END
  FROM generate_series(1, 20000) n;
INSERT INTO escalation (city, case_no, task_no, code, attempt, level, unit, rung, to_unit, to_post, made_at)
SELECT '990100', n, 0, 'K12', 1, 'breach', '990102-ECO', 2, '990102-ECO', 'head', now()
  FROM generate_series(1, 20000) n;
INSERT INTO notice (city, notice_id, case_no, kind, about, to_unit, to_post, title, body, made_at, read_at)
SELECT '990100', gen_random_uuid(), n, 'breach', n::text, (ARRAY['990102-ECO', '990103-ECO', NULL])[1 + n % 3],
       'head', 'x', 'x', now(), CASE WHEN n % 50 > 0 THEN now() END
  FROM generate_series(1, 20000) n;
INSERT INTO supervision_order (city, case_no, n, grade, unit, demand, ordered_at, ordered_by, due_at, ended_at,
                               ended_why)
SELECT '990100', n, 1, 'urge', '990102-ECO', 'x', now(), 'x', now() + n * interval '1 s',
       CASE WHEN n % 50 > 0 THEN now() END, CASE WHEN n % 50 > 0 THEN 'answered' END
  FROM generate_series(1, 20000) n;
INSERT INTO ledger_entry (city, case_no, n, conditions, keeper, opened_at, opened_by, released_at, released_by,
                          evidence, note)
SELECT '990100', n, 1, 'x', 'x', now(), 'x', CASE WHEN n % 50 > 0 THEN now() END, 'x', ARRAY[gen_random_uuid()], 'x'
  FROM generate_series(1, 20000) n;
INSERT INTO press_document (city, document_id, case_no, number, kind, to_unit, title, body, sha256, issued_at,
                            issued_by, received_at)
SELECT '990100', gen_random_uuid(), n, n::text, 'remind', '990102-ECO', 'x', 'x', 'x', now(), 'x',
       CASE WHEN n % 50 > 0 THEN now() END
  FROM generate_series(1, 20000) n;
INSERT INTO name_list (city, case_no, code, attempt, unit, listed_at, cleared_at)
SELECT '990100', n, 'S04', 1, '990102-ECO', now(), CASE WHEN n % 50 > 0 THEN now() END
  FROM generate_series(1, 20000) n;
INSERT INTO case_link (city, link_id, case_no, other_no, kind, reason, made_by, made_at)
SELECT '990100', gen_random_uuid(), n, n - 1, 'repeat', 'x', 'x', now() FROM generate_series(2, 20000) n;
INSERT INTO accused (city, case_no, unit, noted_at)
SELECT '990100', n, '990103-ECO', now() FROM generate_series(50, 20000, 50) n;
