-- Reports in: what is known of a batch, gapless numbers, and the rows of new and changed cases.
-- Every insert that may lose a race says which rows it made; the caller starts the batch again when one is missing.

-- name: find
-- What is known of each delivery ($2 source, $3 number, $4 message, $5 app, $6 nonce), in the order given; the
-- lateral look-ups keep it to index probes whatever the planner thinks of the tables' sizes. CASE, since row-level
-- security lets no index use a COALESCE.
SELECT r.version, r.digest, f.external_no AS message_no, f.digest AS message_digest, f.version AS message_version,
       coalesce(f.case_no, r.case_no) AS case_no, n.digest AS nonce_digest, c.received_at
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
       WITH ORDINALITY AS k (source, external_no, message_id, app_id, nonce, i)
  LEFT JOIN LATERAL (SELECT case_no, version, digest FROM case_ref
                      WHERE city = $1 AND source = k.source AND external_no = k.external_no LIMIT 1) r ON true
  LEFT JOIN LATERAL (SELECT case_no, version, digest, external_no FROM report
                      WHERE city = $1 AND source = k.source AND message_id = k.message_id LIMIT 1) f ON true
  LEFT JOIN LATERAL (SELECT digest FROM nonce
                      WHERE city = $1 AND app_id = k.app_id AND nonce = k.nonce LIMIT 1) n ON true
  LEFT JOIN LATERAL (SELECT received_at FROM cases
                      WHERE city = $1 AND case_no = CASE WHEN f.case_no IS NULL THEN r.case_no ELSE f.case_no END
                      LIMIT 1) c ON true
 ORDER BY k.i;

-- name: draw
-- Take $3 case numbers of a day; the row stays locked until the cases that use them are committed.
INSERT INTO case_counter AS c (city, day, n) VALUES ($1, $2, $3)
ON CONFLICT (city, day) DO UPDATE SET n = c.n + excluded.n
RETURNING n;

-- name: open_cases
-- Open cases received at $3: bind the sources' numbers, keep what was delivered, who reported ($4) and the nonces ($5),
-- begin the history, wake the taggers. One statement and JSON rows, since round trips and arrays cost every sender.
WITH new AS MATERIALIZED (
    SELECT * FROM json_to_recordset($2::text::json)
        AS n (source text, external_no text, message_id text, digest text, issued_at timestamptz, payload jsonb,
              case_no bigint, channel text, title text, text text, address text, stated_adcode text,
              stated_township text, source_due_at timestamptz, source_category text[], confidential boolean,
              track_hash text, event_id uuid, actor_kind text, actor_name text, actor_unit text)
), refs AS (
    INSERT INTO case_ref (city, source, external_no, case_no, digest, issued_at)
    SELECT $1, source, external_no, case_no, decode(digest, 'base64'), issued_at FROM new
    ON CONFLICT (city, source, external_no) DO NOTHING RETURNING 1
), reports AS (
    INSERT INTO report (city, source, external_no, version, message_id, digest, case_no, issued_at, received_at, payload)
    SELECT $1, source, external_no, 1, message_id, decode(digest, 'base64'), case_no, issued_at, $3, payload FROM new
    ON CONFLICT DO NOTHING RETURNING 1
), opened AS (
    INSERT INTO cases (city, case_no, channel, source, title, text, address, received_at, stated_adcode,
                       stated_township, source_due_at, source_category, confidential, track_hash)
    SELECT $1, case_no, channel, source, title, text, address, $3, stated_adcode, stated_township, source_due_at,
           coalesce(source_category, '{}'), confidential, decode(track_hash, 'base64') FROM new
), begun AS (
    INSERT INTO event (city, event_id, case_no, at, verb, actor_kind, actor_name, actor_unit, data)
    SELECT $1, event_id, case_no, $3, 'case:received', actor_kind, actor_name, actor_unit,
           jsonb_build_object('source', source, 'channel', channel, 'version', 1) FROM new
), unsealed AS (
    INSERT INTO event_unsealed (city, event_id) SELECT $1, event_id FROM new
), people AS (
    INSERT INTO identity (city, case_no, reporter_no, key_version, name, phone, address, wechat, phone_index,
                          wechat_index, anonymous, confidential, want_callback, contact_time, created_at)
    SELECT $1, case_no, 1, key_version, decode(name, 'base64'), decode(phone, 'base64'), decode(address, 'base64'),
           decode(wechat, 'base64'), decode(phone_index, 'base64'), decode(wechat_index, 'base64'), anonymous,
           confidential, want_callback, contact_time, $3
      FROM json_to_recordset($4::text::json)
        AS p (case_no bigint, key_version smallint, name text, phone text, address text, wechat text,
              phone_index text, wechat_index text, anonymous boolean, confidential boolean, want_callback boolean,
              contact_time text)
), nonces AS (
    INSERT INTO nonce (city, app_id, nonce, digest, seen_at)
    SELECT $1, app_id, nonce, decode(digest, 'base64'), $3
      FROM json_to_recordset($5::text::json) AS n (app_id text, nonce text, digest text)
    ON CONFLICT (city, app_id, nonce) DO NOTHING RETURNING 1
)
SELECT (SELECT count(*) FROM refs) AS refs, (SELECT count(*) FROM reports) AS reports,
       (SELECT count(*) FROM nonces) AS nonces, pg_notify('jiesu_work', 'tag') IS NOT NULL AS woken;

-- name: add_reports
-- Keep what was delivered, as it came.
INSERT INTO report (city, source, external_no, version, message_id, digest, case_no, issued_at, received_at, applied,
                    payload)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::integer[], $5::text[], $6::bytea[], $7::bigint[],
                         $8::timestamptz[], $9::timestamptz[], $10::boolean[], $11::jsonb[])
ON CONFLICT DO NOTHING
RETURNING 1;

-- name: add_nonces
-- Remember signed requests ($2), seen at $3.
INSERT INTO nonce (city, app_id, nonce, digest, seen_at)
SELECT $1, app_id, nonce, decode(digest, 'base64'), $3
  FROM json_to_recordset($2::text::json) AS n (app_id text, nonce text, digest text)
ON CONFLICT (city, app_id, nonce) DO NOTHING
RETURNING 1;

-- name: forget_nonces
-- Drop nonces seen before $2: outside the time window the signature is refused anyway.
DELETE FROM nonce WHERE city = $1 AND seen_at < $2;

-- name: add_files
-- Keep attachments; the id says which file of which case it is, so a second time changes only where it can be got.
INSERT INTO attachment (city, attachment_id, case_no, origin, name, media_type, size, sha256, url, content, created_at)
SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[],
                         $9::text[], $10::bytea[], $11::timestamptz[])
ON CONFLICT (city, attachment_id) DO UPDATE SET url = excluded.url;

-- name: note_unknown
-- Count codes of a source ($2) without a mapping, by field ($3) and code ($4).
INSERT INTO unknown_code AS u (city, source, field, code, n, last_seen)
SELECT $1, source, field, code, count(*), $5
  FROM unnest($2::text[], $3::text[], $4::text[]) AS k (source, field, code)
 GROUP BY source, field, code ORDER BY source, field, code
ON CONFLICT (city, source, field, code) DO UPDATE SET n = u.n + excluded.n, last_seen = excluded.last_seen;

-- name: lock
-- Lock the numbers ($2 source, $3 number) that something new is said of, with their cases.
SELECT r.source, r.external_no, r.case_no, r.version, r.digest, r.issued_at, c.state, c.received_at, c.title, c.text,
       c.address, c.stated_adcode, c.stated_township, c.source_due_at,
       array_to_string(c.source_category, E'\n') AS source_category
  FROM unnest($2::text[], $3::text[]) AS k (source, external_no)
  JOIN case_ref r ON r.city = $1 AND r.source = k.source AND r.external_no = k.external_no
  JOIN cases c ON c.city = $1 AND c.case_no = r.case_no
 ORDER BY r.source, r.external_no FOR UPDATE OF r, c;

-- name: said_before
-- Which of these contents ($4) of these numbers were delivered before, whether or not they ever held.
SELECT r.source, r.external_no, r.version FROM report r
  JOIN unnest($2::text[], $3::text[], $4::bytea[]) AS k (source, external_no, digest)
    ON r.source = k.source AND r.external_no = k.external_no AND r.digest = k.digest
 WHERE r.city = $1;

-- name: change_refs
-- Note the new version of numbers, and with it the content that now holds.
UPDATE case_ref r SET version = k.version, digest = k.digest, issued_at = k.issued_at
  FROM unnest($2::text[], $3::text[], $4::integer[], $5::bytea[], $6::timestamptz[])
       AS k (source, external_no, version, digest, issued_at)
 WHERE r.city = $1 AND r.source = k.source AND r.external_no = k.external_no;

-- name: change_cases
-- Write changed content: a case not yet accepted is tagged again, any other goes to the desk; what is new in a merged
-- case is looked at in the one that answers for it.
WITH main AS (
    UPDATE cases m SET queue = 'review', revision = m.revision + 1,
           review_reasons = array_append(array_remove(m.review_reasons, 'merged_changed'), 'merged_changed')
     WHERE m.city = $1 AND coalesce(m.queue, 'review') = 'review' AND m.case_no <> ALL ($2::bigint[])
       AND m.case_no = ANY (ARRAY(SELECT x.merged_into FROM cases x
                                   WHERE x.city = $1 AND x.case_no = ANY($2::bigint[]) AND x.state = 'MERGED'))
)
UPDATE cases c
   SET title = k.title, text = k.text, address = k.address, stated_adcode = k.stated_adcode,
       stated_township = k.stated_township, source_due_at = k.source_due_at,
       source_category = string_to_array(k.source_category, E'\n'),
       confidential = c.confidential OR k.confidential, revision = c.revision + 1, attempts = 0,
       claimed_until = NULL, error = NULL,
       queue = CASE WHEN c.state IN ('NEW', 'SCREEN') THEN 'tag' WHEN c.state = 'MERGED' THEN NULL ELSE 'review' END,
       review_reasons = CASE WHEN c.state IN ('NEW', 'SCREEN', 'MERGED') THEN c.review_reasons
           ELSE array_append(array_remove(c.review_reasons, 'content_changed'), 'content_changed') END
  FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::boolean[],
              $10::text[])
       AS k (case_no, title, text, address, stated_adcode, stated_township, source_due_at, confidential, source_category)
 WHERE c.city = $1 AND c.case_no = k.case_no;

-- name: wake
-- Tell the workers that a queue has work.
SELECT pg_notify('jiesu_work', $1);

-- name: reconcile
-- Which of a source's numbers ($3) are held, and how their cases stand; of a restricted one not who leads it, and why.
SELECT r.external_no, r.case_no, c.state, c.queue,
       CASE WHEN c.restricted THEN '{}' ELSE c.review_reasons END AS review_reasons,
       CASE WHEN NOT c.restricted THEN c.lead_unit END AS lead_unit
  FROM case_ref r JOIN cases c ON c.city = r.city AND c.case_no = r.case_no
 WHERE r.city = $1 AND r.source = $2 AND r.external_no = ANY($3::text[]);

-- name: tracked
-- The case of a tracking code, by the code's digest.
SELECT case_no FROM cases WHERE city = $1 AND track_hash = $2;

-- name: list_all
-- The newest cases, before $2, of all states and units.
SELECT case_no FROM cases WHERE city = $1 AND case_no < $2 ORDER BY case_no DESC LIMIT $3;

-- name: list_state
-- The newest cases of a state.
SELECT case_no FROM cases WHERE city = $1 AND case_no < $2 AND state = $4 ORDER BY case_no DESC LIMIT $3;

-- name: list_unit
-- The newest cases that a unit has a part in.
SELECT DISTINCT case_no FROM task WHERE city = $1 AND case_no < $2 AND unit = $4 ORDER BY case_no DESC LIMIT $3;

-- name: list_unit_state
-- The newest cases of a state that a unit leads.
SELECT case_no FROM cases
 WHERE city = $1 AND case_no < $2 AND lead_unit = $4 AND state = $5 ORDER BY case_no DESC LIMIT $3;

-- name: list_number
-- The cases that a source knows by this number.
SELECT DISTINCT case_no FROM case_ref
 WHERE city = $1 AND case_no < $2 AND external_no = $4 ORDER BY case_no DESC LIMIT $3;

-- name: brief
-- What a list shows of cases, the newest first.
SELECT city, case_no, state, queue, revision, channel, title, left(text, 120) AS gist, received_at, kind, types, urgency,
       adcode, township, zone, lead_unit, review_reasons, source_due_at, accepted_at, dispatched_at, closed_at
  FROM cases WHERE city = $1 AND case_no = ANY($2::bigint[]) ORDER BY case_no DESC;
