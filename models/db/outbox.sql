-- The way back: messages to the platforms that sent the cases, and the jobs that make PgQueuer try them.

-- name: put
-- Queue messages ($2 case, $3 kind, $4 dedupe, $5 body) for each source of the case that has an address, in the
-- order given, and wake the sender once per case and target. The sources of cases merged into it are told the same
-- of their own numbers, but not what is between one reporter, or one platform, and the unit ($7 kinds). Of a restricted
-- case a platform, where many read, learns that it is under way and over, not who works on it and what was found.
WITH input AS (
    SELECT * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::jsonb[])
        WITH ORDINALITY AS i (case_no, kind, dedupe, body, n)
), source AS (
    SELECT DISTINCT r.source, r.case_no, r.case_no AS about
      FROM case_ref r JOIN outbox_target t ON t.city = r.city AND t.target = r.source
     WHERE r.city = $1 AND r.case_no = ANY($2::bigint[])
    UNION ALL
    SELECT DISTINCT r.source, r.case_no, m.merged_into
      FROM cases m JOIN case_ref r ON r.city = m.city AND r.case_no = m.case_no
      JOIN outbox_target t ON t.city = r.city AND t.target = r.source
     WHERE m.city = $1 AND m.merged_into = ANY($2::bigint[]) AND m.state = 'MERGED'
), new AS (
    INSERT INTO outbox (city, target, case_no, seq, kind, dedupe, body, created_at)
    SELECT $1, s.source, s.case_no,
           coalesce((SELECT max(o.seq) FROM outbox o
                      WHERE o.city = $1 AND o.target = s.source AND o.case_no = s.case_no), 0)
               + row_number() OVER (PARTITION BY s.source, s.case_no ORDER BY i.n),
           i.kind, CASE WHEN s.case_no = s.about THEN i.dedupe ELSE s.about || ':' || i.dedupe END,
           CASE WHEN c.restricted
                THEN (SELECT coalesce(jsonb_object_agg(b.key, b.value), '{}') FROM jsonb_each(i.body) b
                       WHERE b.key IN ('at', 'accepted', 'due_at', 'outcome'))
                WHEN s.case_no = s.about THEN i.body ELSE i.body - ARRAY['text', 'handler'] END, $6
      FROM input i JOIN source s ON s.about = i.case_no
      JOIN cases c ON c.city = $1 AND c.case_no = i.case_no
     WHERE s.case_no = s.about OR i.kind <> ALL($7::text[])
    ON CONFLICT (city, target, case_no, dedupe) DO NOTHING
    RETURNING target, case_no
), job AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, status)
    SELECT DISTINCT 0, 'outbox',
           convert_to(json_build_object('city', $1::text, 'target', target, 'case_no', case_no)::text, 'UTF8'),
           'queued'::pgqueuer_status
      FROM new
)
SELECT (SELECT count(*) FROM new) AS n, current_setting('jiesu.unit', true) AS unit;

-- name: claim
-- Lease the first pending message of a case and target for $4, counting the attempt before it is made. A row without
-- `kind` says that the first message is held by another sender, or waits for its next try, until `held_until`.
WITH head AS (
    SELECT city, target, case_no, seq, held_until FROM outbox
     WHERE city = $1 AND target = $2 AND case_no = $3 AND state = 'pending' ORDER BY seq LIMIT 1 FOR UPDATE
), claimed AS (
    UPDATE outbox o SET attempts = o.attempts + 1, held_until = now() + $4::interval
      FROM head h
     WHERE o.city = h.city AND o.target = h.target AND o.case_no = h.case_no AND o.seq = h.seq
       AND (o.held_until IS NULL OR o.held_until <= now())
    RETURNING o.seq, o.kind, o.body, o.attempts, o.created_at
)
SELECT h.city, h.target, h.case_no, h.seq, h.held_until, c.kind, c.body, c.attempts, c.created_at, t.url,
       r.external_no, f.payload AS origin
  FROM head h
  LEFT JOIN claimed c ON true
  LEFT JOIN outbox_target t ON t.city = h.city AND t.target = h.target
  LEFT JOIN LATERAL (SELECT external_no FROM case_ref
                      WHERE city = h.city AND case_no = h.case_no AND source = h.target
                      ORDER BY external_no LIMIT 1) r ON true
  LEFT JOIN LATERAL (SELECT payload FROM report
                      WHERE city = h.city AND source = h.target AND external_no = r.external_no
                      ORDER BY version LIMIT 1) f ON true;

-- name: settle
-- Note that a message was sent ($5 'sent'), is given up ($5 'dead'), or waits for another try ($5 'pending', after $7).
UPDATE outbox SET state = $5, last_error = $6, held_until = now() + $7::interval,
       sent_at = CASE WHEN $5 = 'sent' THEN now() END
 WHERE city = $1 AND target = $2 AND case_no = $3 AND seq = $4;

-- name: revive
-- Try dead messages again, of one target ($2) and case ($3) where given, and wake the sender.
WITH revived AS (
    UPDATE outbox SET state = 'pending', attempts = 0, held_until = NULL
     WHERE city = $1 AND state = 'dead' AND ($2::text IS NULL OR target = $2) AND ($3::bigint IS NULL OR case_no = $3)
    RETURNING target, case_no
), job AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, status)
    SELECT DISTINCT 0, 'outbox',
           convert_to(json_build_object('city', $1::text, 'target', target, 'case_no', case_no)::text, 'UTF8'),
           'queued'::pgqueuer_status
      FROM revived
)
SELECT count(*) FROM revived;

-- name: rearm
-- Wake the sender for what has waited longer than $1 without being held: its job may have been lost.
INSERT INTO pgqueuer (priority, entrypoint, payload, status)
SELECT DISTINCT 0, 'outbox',
       convert_to(json_build_object('city', city, 'target', target, 'case_no', case_no)::text, 'UTF8'),
       'queued'::pgqueuer_status
  FROM outbox
 WHERE state = 'pending' AND created_at < now() - $1::interval AND (held_until IS NULL OR held_until <= now());

-- name: dead
-- The messages that were given up, the oldest first.
SELECT city, target, case_no, seq, kind, attempts, last_error, created_at FROM outbox
 WHERE city = $1 AND state = 'dead' ORDER BY created_at LIMIT $2;

-- name: history
-- All messages of a case, in the order of each target.
SELECT city, target, case_no, seq, kind, state, attempts, last_error, created_at, sent_at FROM outbox
 WHERE city = $1 AND case_no = $2 ORDER BY target, seq;

-- name: set_target
-- Say where the messages of a target go.
INSERT INTO outbox_target (city, target, url) VALUES ($1, $2, $3)
ON CONFLICT (city, target) DO UPDATE SET url = excluded.url;

-- name: keep_targets
-- Forget the targets of a city that are not among $2.
DELETE FROM outbox_target WHERE city = $1 AND target <> ALL ($2::text[]);

-- name: prune_jobs
-- Drop PgQueuer's log of jobs older than $1: what was sent, and when, stands in the outbox.
DELETE FROM pgqueuer_log WHERE created < now() - $1::interval;
