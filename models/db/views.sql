-- What the pages show: lists by keyset, counts over partial indexes, one case with what belongs to it.
-- Every statement names the city; row-level security narrows it again to the city and, for units, to their part.

-- name: lines
-- What a list shows of the cases $2, with the promise that runs out first; $3 are clocks that are no promises.
SELECT c.case_no, c.state, c.queue,
       CASE c.source WHEN 'portal' THEN 'PORTAL_WEB' ELSE c.channel END AS channel, c.title, left(c.text, 160) AS gist, c.received_at, c.urgency, c.kind,
       c.types, c.adcode, c.township, c.lead_unit, c.review_reasons, c.closed_at, d.due_at, d.code AS due_code
  FROM cases c LEFT JOIN LATERAL (
       SELECT k.due_at, k.code FROM clock k WHERE k.city = c.city AND k.case_no = c.case_no AND k.stopped_at IS NULL
        AND k.code <> ALL($3::text[]) ORDER BY k.due_at LIMIT 1) d ON true
 WHERE c.city = $1 AND c.case_no = ANY($2::bigint[]);

-- name: review_queue
-- Cases a person must look at: emergencies first, then the oldest; ($2, $3) is the last line seen.
SELECT case_no FROM cases
 WHERE city = $1 AND queue = 'review'
   AND ($3::bigint IS NULL OR urgency > $2::text OR urgency = $2 AND case_no > $3
        OR urgency IS NULL AND ($2 <> '' OR case_no > $3))
 ORDER BY urgency, case_no LIMIT $4;

-- name: machine_queue
-- Cases the machine has not finished reading or routing, the oldest first; $2 is the last number seen.
SELECT case_no FROM (
    (SELECT case_no FROM cases WHERE city = $1 AND queue = 'tag' AND ($2::bigint IS NULL OR case_no > $2)
      ORDER BY case_no LIMIT $3)
    UNION ALL
    (SELECT case_no FROM cases WHERE city = $1 AND queue = 'route' AND ($2::bigint IS NULL OR case_no > $2)
      ORDER BY case_no LIMIT $3)) c
 ORDER BY case_no LIMIT $3;

-- name: by_state
-- Cases in one of the states $2, the newest first; $3 is the last number seen.
SELECT p.case_no FROM unnest($2::text[]) s(state), LATERAL (
    SELECT x.case_no FROM cases x WHERE x.city = $1 AND x.state = s.state AND ($3::bigint IS NULL OR x.case_no < $3)
     ORDER BY x.case_no DESC LIMIT $4) p
 ORDER BY p.case_no DESC LIMIT $4;

-- name: submitted
-- Cases whose result waits for approval, the oldest first.
SELECT case_no FROM cases WHERE city = $1 AND state = 'SUBMITTED' AND ($2::bigint IS NULL OR case_no > $2)
 ORDER BY case_no LIMIT $3;

-- name: returns
-- Cases in which a unit asks to be relieved, the oldest first.
SELECT DISTINCT case_no FROM task WHERE city = $1 AND state = 'RETURN_REQ' AND ($2::bigint IS NULL OR case_no > $2)
 ORDER BY case_no LIMIT $3;

-- name: search
-- Cases whose text holds all the words of $2, the newest first.
SELECT case_no FROM case_search
 WHERE city = $1 AND words @@ $2::text::tsquery AND ($3::bigint IS NULL OR case_no < $3)
 ORDER BY case_no DESC LIMIT $4;

-- name: by_reference
-- The cases that have the number $3 at one of the sources $2.
SELECT case_no FROM case_ref WHERE city = $1 AND source = ANY($2::text[]) AND external_no = $3 ORDER BY case_no DESC;

-- name: desk_counts
-- How much waits on each tab of the desk; what is done for good is not counted.
SELECT (SELECT count(*) FROM cases WHERE city = $1 AND queue = 'review') AS review,
       (SELECT count(*) FROM cases WHERE city = $1 AND queue = 'review' AND urgency = 'P0') AS emergency,
       (SELECT count(*) FROM cases WHERE city = $1 AND queue = 'tag')
       + (SELECT count(*) FROM cases WHERE city = $1 AND queue = 'route') AS new,
       (SELECT count(*) FROM cases WHERE city = $1 AND state = 'DISPATCHED')
       + (SELECT count(*) FROM cases WHERE city = $1 AND state = 'IN_PROGRESS') AS dispatched,
       (SELECT count(*) FROM cases WHERE city = $1 AND state = 'SUBMITTED') AS submitted,
       (SELECT count(*) FROM task WHERE city = $1 AND state = 'RETURN_REQ') AS returns;

-- name: next_review
-- The case a person should look at next, past the one just done.
SELECT case_no FROM cases WHERE city = $1 AND queue = 'review' AND case_no <> $2
 ORDER BY urgency, case_no LIMIT 1;

-- name: case_row
-- One case, whole.
SELECT * FROM cases WHERE city = $1 AND case_no = $2;

-- name: tasks
-- The parts of a case, as far as the connection may see them.
SELECT t.*, u.name AS unit_name, u.short_name AS unit_short FROM task t
  JOIN unit u ON u.city = t.city AND u.code = t.unit
 WHERE t.city = $1 AND t.case_no = $2 ORDER BY t.is_lead DESC, t.task_no;

-- name: clocks
-- The clocks of a case, running ones first.
SELECT case_no, task_no, code, attempt, unit, started_at, due_at, calendar, provisional, warned, breached_at,
       stopped_at, stop_reason
  FROM clock WHERE city = $1 AND case_no = $2 ORDER BY (stopped_at IS NOT NULL), due_at;

-- name: clock_trace
-- One clock with its count day by day.
SELECT case_no, task_no, code, attempt, unit, started_at, due_at, calendar, provisional, warned, breached_at,
       stopped_at, stop_reason, trace
  FROM clock WHERE city = $1 AND case_no = $2 AND task_no = $3 AND code = $4 AND attempt = $5;

-- name: files
-- The files of a case, without their content.
SELECT attachment_id, case_no, task_no, origin, name, media_type, size, url, created_at, content IS NOT NULL AS held
  FROM attachment WHERE city = $1 AND case_no = $2 ORDER BY attachment_id;

-- name: file
-- One file with its content.
SELECT attachment_id, case_no, name, media_type, content FROM attachment
 WHERE city = $1 AND attachment_id = $2 AND content IS NOT NULL;

-- name: add_files
-- Keep uploaded files with a case, all in one statement; one that is there already is left as it is.
INSERT INTO attachment (city, attachment_id, case_no, task_no, origin, name, media_type, size, sha256, content, created_at)
SELECT $1, f.id, $2, $3, $4, f.name, f.media_type, octet_length(f.content), encode(sha256(f.content), 'hex'), f.content, $5
  FROM unnest($6::uuid[], $7::text[], $8::text[], $9::bytea[]) f(id, name, media_type, content)
 WHERE NOT EXISTS (SELECT 1 FROM attachment a WHERE a.city = $1 AND a.case_no = $2
                    AND a.origin = $4 AND a.sha256 = encode(sha256(f.content), 'hex'));

-- name: files_like
-- The files of a case and origin that are, byte for byte, those of the digests $4.
SELECT attachment_id FROM attachment
 WHERE city = $1 AND case_no = $2 AND origin = $3 AND sha256 = ANY($4::text[]) ORDER BY attachment_id;

-- name: reporters
-- Who reported, as far as a page may say without opening the vault.
SELECT reporter_no, anonymous, confidential, want_callback, contact_time, name IS NOT NULL AS has_name,
       phone IS NOT NULL AS has_phone, address IS NOT NULL AS has_address
  FROM identity WHERE city = $1 AND case_no = $2 ORDER BY reporter_no;

-- name: references
-- The numbers a case has at its sources.
SELECT source, external_no, version FROM case_ref WHERE city = $1 AND case_no = $2 ORDER BY source, external_no;

-- name: inbox
-- A unit's open tasks, the one due soonest first; $4 are clocks that are no promises, ($5, $6, $7) is the last line seen.
SELECT * FROM (
    SELECT t.case_no, t.task_no, t.state, t.is_lead, t.handler, t.dispatched_at, t.signed_at, t.contacted_at,
           t.submitted_at, c.urgency, c.title, left(c.text, 160) AS gist, c.types, c.kind, c.adcode, c.township, c.address,
           c.received_at, c.state AS case_state, d.due_at, d.code AS due_code
      FROM task t JOIN cases c ON c.city = t.city AND c.case_no = t.case_no
      LEFT JOIN LATERAL (
           SELECT k.due_at, k.code FROM clock k WHERE k.city = t.city AND k.case_no = t.case_no
              AND (k.task_no = t.task_no OR k.task_no = 0 AND t.is_lead) AND k.stopped_at IS NULL AND k.code <> ALL($4::text[])
            ORDER BY k.due_at LIMIT 1) d ON true
     WHERE t.city = $1 AND t.unit = $2 AND t.state NOT IN ('DONE', 'RETURNED', 'WITHDRAWN') AND t.state = ANY($3::text[])
) line
 WHERE $6::bigint IS NULL OR (coalesce(due_at, 'infinity'), case_no, task_no) > (coalesce($5::timestamptz, 'infinity'), $6, $7::int)
 ORDER BY coalesce(due_at, 'infinity'), case_no, task_no LIMIT $8;

-- name: finished
-- A unit's finished tasks, the newest case first.
SELECT t.case_no, t.task_no, t.state, t.is_lead, t.handler, t.dispatched_at, t.signed_at, t.contacted_at,
       t.submitted_at, c.urgency, c.title, left(c.text, 160) AS gist, c.types, c.kind, c.adcode, c.township, c.address,
       c.received_at, c.state AS case_state, NULL::timestamptz AS due_at, NULL::text AS due_code
  FROM task t JOIN cases c ON c.city = t.city AND c.case_no = t.case_no
 WHERE t.city = $1 AND t.unit = $2 AND t.state = 'DONE' AND ($3::bigint IS NULL OR t.case_no < $3)
 ORDER BY t.case_no DESC LIMIT $4;

-- name: inbox_counts
-- How many of a unit's open tasks are in each state.
SELECT state, count(*) AS n FROM task
 WHERE city = $1 AND unit = $2 AND state NOT IN ('DONE', 'RETURNED', 'WITHDRAWN') GROUP BY state;

-- name: board
-- Open clocks by unit and code that are overdue at $2, due before $3 (today's end) or before $4, but for the codes $5.
SELECT k.unit, k.code, count(*) FILTER (WHERE k.due_at < $2) AS overdue,
       count(*) FILTER (WHERE k.due_at >= $2 AND k.due_at < $3) AS today,
       count(*) FILTER (WHERE k.due_at >= $2 AND k.due_at >= $3) AS soon
  FROM clock k WHERE k.city = $1 AND k.stopped_at IS NULL AND k.due_at < $4 AND k.code <> ALL($5::text[])
 GROUP BY k.unit, k.code;

-- name: board_lines
-- The clocks behind a number of the board: due from $2 until $3, but for the codes $4, of unit $5 and code $6 where given.
SELECT k.case_no, k.task_no, k.code, k.attempt, k.unit, k.due_at, k.started_at, c.title, left(c.text, 100) AS gist,
       c.urgency, c.state, c.types
  FROM clock k JOIN cases c ON c.city = k.city AND c.case_no = k.case_no
 WHERE k.city = $1 AND k.stopped_at IS NULL AND k.due_at >= $2 AND k.due_at < $3 AND k.code <> ALL($4::text[])
   AND ($5::text IS NULL OR k.unit = $5) AND ($6::text IS NULL OR k.code = $6)
   AND ($7::timestamptz IS NULL OR (k.due_at, k.case_no, k.task_no, k.code) > ($7, $8::bigint, $9::int, $10::text))
 ORDER BY k.due_at, k.case_no, k.task_no, k.code LIMIT $11;

-- name: alarms
-- The latest warnings and breaches.
SELECT case_no, task_no, code, level, unit, at FROM clock_alarm WHERE city = $1 ORDER BY at DESC LIMIT $2;

-- name: workload
-- How many open tasks each unit has.
SELECT unit, count(*) AS n FROM task WHERE city = $1 AND state NOT IN ('DONE', 'RETURNED', 'WITHDRAWN') GROUP BY unit;

-- name: releases
-- The releases of the city's data, the newest first.
SELECT version, published_at FROM city_release WHERE city = $1 ORDER BY published_at DESC LIMIT 10;
