-- A city with many verified cases: one in five closed, the others archived or at work, each with its clocks.
INSERT INTO cases (city, case_no, state, queue, channel, source, text, received_at, kind, adcode, lead_unit, accepted_at,
                   dispatched_at, closed_at, track_hash)
SELECT '990100', 20261001000000 + n, CASE WHEN n % 50 = 0 THEN 'CLOSED' WHEN n % 10 = 0 THEN 'IN_PROGRESS' ELSE 'ARCHIVED' END,
       NULL, '12345_TEL', '12345', 'x', t.at, 'TS', (ARRAY['990102', '990103'])[1 + n % 2],
       (ARRAY['990102-ECO', '990103-ECO', '990102-UMA', '990103-UMA', '990102-HUD'])[1 + n % 5], t.at, t.at,
       CASE WHEN n % 10 <> 0 OR n % 50 = 0 THEN t.at + interval '5 days' END, decode(md5(n::text), 'hex')
  FROM generate_series(1, :rows) n
 CROSS JOIN LATERAL (SELECT timestamptz ':since' + (n % :spread) * interval '1 minute' AS at) t;

INSERT INTO identity (city, case_no, reporter_no, key_version, phone, anonymous, confidential, want_callback, created_at)
SELECT c.city, c.case_no, 1, 1, '\x01', c.case_no % 7 = 0, true, true, now() FROM cases c WHERE c.case_no % 3 > 0;

INSERT INTO clock (city, case_no, task_no, code, unit, started_at, due_at, calendar, trace, stopped_at, stop_reason)
SELECT c.city, c.case_no, k.task_no, k.code, c.lead_unit, c.dispatched_at, c.dispatched_at + interval '6 days', 'W', '[]',
       c.dispatched_at + c.case_no % 8 * interval '1 day', k.why
  FROM cases c CROSS JOIN (VALUES (1, 'K04', 'case:task:signed'), (1, 'K09', 'case:task:contacted'),
                                  (1, 'K05', 'case:task:submitted'), (0, 'K12', 'case:task:submitted'),
                                  (0, 'K17', 'case:callback:done')) AS k (task_no, code, why);

INSERT INTO verification (city, case_no, round, how, contacted, solved, satisfaction, at)
SELECT c.city, c.case_no, 1, CASE WHEN c.case_no % 4 = 0 THEN 'unreached' ELSE 'judged' END, true,
       CASE WHEN c.case_no % 4 <> 0 THEN c.case_no % 5 > 0 END, CASE WHEN c.case_no % 4 <> 0 THEN 1 + c.case_no % 5 END,
       c.closed_at FROM cases c WHERE c.state = 'ARCHIVED';

INSERT INTO callback (city, case_no, round, n, at, said_by, staff, connected, contacted, solved, satisfaction, waits)
SELECT c.city, c.case_no, 1, 1, coalesce(c.closed_at, now()), 'desk', 'x', true, true, true, 4, c.case_no % 999 = 0
  FROM cases c;

INSERT INTO event (city, event_id, case_no, at, verb, actor_kind, actor_name, data)
SELECT c.city, gen_random_uuid(), c.case_no, c.dispatched_at, CASE WHEN n = 1 AND c.case_no % 20 = 0
       THEN 'case:task:reworked' ELSE 'case:task:signed' END, 'staff', 'x', '{}'
  FROM cases c CROSS JOIN generate_series(1, :events) n;

INSERT INTO return_request (city, case_no, task_no, n, unit, reason, basis, requested_at, decided_at, granted, decided_by)
SELECT c.city, c.case_no, 1, 1, c.lead_unit, 'R1', 'x', c.dispatched_at, c.dispatched_at, true, 'x'
  FROM cases c WHERE c.case_no % 12 = 0;

INSERT INTO case_link (city, link_id, case_no, other_no, kind, reason, made_by, made_at)
SELECT c.city, gen_random_uuid(), c.case_no, c.case_no - 1, 'repeat', 'x', 'x', c.dispatched_at
  FROM cases c WHERE c.case_no % 15 = 0;

INSERT INTO spot_check (city, case_no, n, passed, note, staff, at)
SELECT c.city, c.case_no, 1, c.case_no % 90 > 0, 'x', 'x', c.closed_at FROM cases c WHERE c.state = 'ARCHIVED' AND c.case_no % 9 = 0;

INSERT INTO exclusion (city, case_no, n, unit, month, cause, reason, asked_by, asked_at, granted, decided_by, decided_at)
SELECT c.city, c.case_no, 1, c.lead_unit, '2026-11-01', 'explained', 'x', 'a', now(), CASE WHEN c.case_no % 3 > 0 THEN true END,
       CASE WHEN c.case_no % 3 > 0 THEN 'b' END, CASE WHEN c.case_no % 3 > 0 THEN now() END FROM cases c WHERE c.case_no % 100 = 0;

INSERT INTO reward (city, case_no, rule, fine, amount, document, proposed_by, proposed_at, approved_by, approved_at, code_hash)
SELECT c.city, c.case_no, 'x', 1, 1, 'x', 'a', now(), 'b', now(), decode(md5(c.case_no::text), 'hex')
  FROM cases c WHERE c.case_no % 10 = 0;
