-- What the machine read: written in batches, only onto cases that are still as they were read.

-- name: write
-- Keep the tags of cases in the tagging queue: $2 case, $3 revision read, $4 request type, $5 types as array
-- literals, $6 urgency, $7 county, $8 township, $9 zone, $10 tags, $11 reasons as array literals, $12 next queue,
-- $13 words as array literals, for search.
WITH written AS (
    UPDATE cases c SET state = 'SCREEN', queue = i.queue, kind = i.kind, types = i.types::text[], urgency = i.urgency,
           adcode = i.adcode, township = i.township, zone = i.zone, tags = i.tags,
           review_reasons = i.reasons::text[], attempts = 0, claimed_until = NULL, error = NULL,
           revision = c.revision + 1
      FROM unnest($2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                  $10::jsonb[], $11::text[], $12::text[])
        AS i (case_no, revision, kind, types, urgency, adcode, township, zone, tags, reasons, queue)
     WHERE c.city = $1 AND c.case_no = i.case_no AND c.revision = i.revision AND c.queue = 'tag'
    RETURNING c.case_no
), found_by AS (
    INSERT INTO case_search (city, case_no, words)
    SELECT $1, i.case_no, array_to_tsvector(i.words::text[])
      FROM unnest($2::bigint[], $13::text[]) AS i (case_no, words) JOIN written USING (case_no)
    ON CONFLICT (city, case_no) DO UPDATE SET words = excluded.words
)
SELECT case_no FROM written;

-- name: wake
-- Tell the worker that a queue has news.
SELECT pg_notify('jiesu_work', $1);
