-- Cases that belong together: parts of one report, reports of one matter, repetitions.

-- name: around
-- Hold the cases $2 with all that belong to them (parents, parts, main ones, merged ones), in the order of their
-- numbers, so that two who do so never wait for each other.
SELECT c.* FROM cases c
 WHERE c.city = $1 AND c.case_no = ANY (ARRAY(
       SELECT unnest($2::bigint[])
       UNION SELECT x.merged_into FROM cases x WHERE x.city = $1 AND x.case_no = ANY($2::bigint[])
       UNION SELECT x.parent_no FROM cases x WHERE x.city = $1 AND x.case_no = ANY($2::bigint[])
       UNION SELECT x.case_no FROM cases x WHERE x.city = $1 AND x.merged_into = ANY($2::bigint[])
       UNION SELECT x.case_no FROM cases x WHERE x.city = $1 AND x.parent_no = ANY($2::bigint[])))
 ORDER BY c.case_no FOR UPDATE;

-- name: parts
-- The parts of a case, in order; those taken back into it are not among them.
SELECT * FROM cases WHERE city = $1 AND parent_no = $2 AND state <> 'MERGED' ORDER BY case_no;

-- name: kin
-- What tells of the same report as a case ($2, part of $3): its parent and all parts, those taken back too.
SELECT * FROM cases WHERE city = $1 AND parent_no = coalesce($3::bigint, $2) AND case_no <> $2
UNION ALL
SELECT * FROM cases WHERE city = $1 AND case_no = $3
 ORDER BY case_no;

-- name: merged
-- The cases that another one answers for.
SELECT * FROM cases WHERE city = $1 AND merged_into = $2 AND state = 'MERGED' ORDER BY case_no;

-- name: open_part
-- Open a part ($3) of a case ($2): what was reported, from whom and when stays the same.
INSERT INTO cases (city, case_no, parent_no, state, queue, channel, source, title, text, address, received_at,
                   stated_adcode, stated_township, kind, types, urgency, adcode, township, zone, lead_unit, tags,
                   decision, review_reasons, confidential, accepted_at, dispatched_at, happened_on,
                   no_return, source_category, track_hash)
SELECT p.city, $3::bigint, p.case_no, $4, $5, p.channel, p.source, $6, $7, p.address, p.received_at, p.stated_adcode,
       p.stated_township, $8, $9, $10, $11, $12, $13, $14, p.tags, $15, $16, p.confidential, $17, $18, p.happened_on,
       $19, p.source_category, sha256(convert_to(gen_random_uuid()::text || $3::bigint, 'UTF8'))
  FROM cases p WHERE p.city = $1 AND p.case_no = $2;

-- name: copy_words
-- Let a part ($3) be found by the words of its case ($2).
INSERT INTO case_search (city, case_no, words)
SELECT city, $3::bigint, words FROM case_search WHERE city = $1 AND case_no = $2;

-- name: copy_files
-- Give a part ($3) what was sent with the report of its case ($2): its units see no other's files.
INSERT INTO attachment (city, attachment_id, case_no, origin, name, media_type, size, sha256, url, content, created_at)
SELECT city, gen_random_uuid(), $3::bigint, origin, name, media_type, size, sha256, url, content, created_at
  FROM attachment WHERE city = $1 AND case_no = $2 AND origin <> 'unit';

-- name: add
-- Write that a case belongs to another.
INSERT INTO case_link (city, link_id, case_no, other_no, kind, reason, made_by, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: undo
-- Write that links of a case, of the kinds $4 and to $3, no longer hold; give how many did.
WITH undone AS (
    UPDATE case_link SET undone_at = $5, undone_by = $6, undone_reason = $7
     WHERE city = $1 AND case_no = $2 AND other_no = $3 AND kind = ANY($4::text[]) AND undone_at IS NULL
    RETURNING 1
)
SELECT count(*) FROM undone;

-- name: of_case
-- All links of a case, those undone too, the oldest first.
SELECT * FROM case_link WHERE city = $1 AND case_no = $2
UNION ALL
SELECT * FROM case_link WHERE city = $1 AND other_no = $2
 ORDER BY link_id;

-- name: move_on
-- Let the cases merged into $2 answer to $3 instead; give their numbers.
UPDATE cases SET merged_into = $3, revision = revision + 1
 WHERE city = $1 AND merged_into = $2 AND state = 'MERGED' AND case_no <> $3
RETURNING case_no;

-- name: promise
-- The earliest end that was promised of what a case answers for, and by which case: of the cases merged into it, the
-- closing clocks ($3) that their merging stopped and the time that their platform gave; of the parent, what ran
-- before $4, and the time that its platform gave.
SELECT o.due_at, o.case_no FROM (
    SELECT k.due_at, k.case_no FROM cases m JOIN clock k ON k.city = m.city AND k.case_no = m.case_no
     WHERE m.city = $1 AND m.merged_into = $2 AND m.state = 'MERGED' AND k.task_no = 0 AND k.code = ANY($3::text[])
       AND k.stop_reason = 'case:merged'
    UNION ALL
    SELECT m.source_due_at, m.case_no FROM cases m
     WHERE m.city = $1 AND m.merged_into = $2 AND m.state = 'MERGED' AND m.source_due_at IS NOT NULL
    UNION ALL
    SELECT k.due_at, k.case_no FROM cases c JOIN clock k ON k.city = c.city AND k.case_no = c.parent_no
     WHERE c.city = $1 AND c.case_no = $2 AND k.task_no = 0 AND k.code = ANY($3::text[]) AND k.stopped_at IS NULL
       AND k.started_at < $4
    UNION ALL
    SELECT p.source_due_at, p.case_no FROM cases c JOIN cases p ON p.city = c.city AND p.case_no = c.parent_no
     WHERE c.city = $1 AND c.case_no = $2 AND p.source_due_at IS NOT NULL) o
 ORDER BY o.due_at, o.case_no LIMIT 1;
