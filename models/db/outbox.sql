-- The way back: messages to the platforms that sent the cases, and the jobs that make PgQueuer try them.

-- name: put
-- Queue messages ($2 case, $3 kind, $4 dedupe, $5 body) for each source of the case that has an address, in the
-- order given, and wake the sender once per case and target.
WITH input AS (
    SELECT * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::jsonb[])
        WITH ORDINALITY AS i (case_no, kind, dedupe, body, n)
), source AS (
    SELECT DISTINCT r.source, r.case_no FROM case_ref r JOIN outbox_target t ON t.city = r.city AND t.target = r.source
     WHERE r.city = $1 AND r.case_no = ANY($2::bigint[])
), new AS (
    INSERT INTO outbox (city, target, case_no, seq, kind, dedupe, body, created_at)
    SELECT $1, s.source, i.case_no,
           coalesce((SELECT max(o.seq) FROM outbox o
                      WHERE o.city = $1 AND o.target = s.source AND o.case_no = i.case_no), 0)
               + row_number() OVER (PARTITION BY s.source, i.case_no ORDER BY i.n),
           i.kind, i.dedupe, i.body, $6
      FROM input i JOIN source s ON s.case_no = i.case_no
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
