-- Callbacks and what they settled; written under the lock of their case.

-- name: keep
-- Keep an attempt to ask, or what the citizen said: it gets the next number of its round.
INSERT INTO callback (city, case_no, round, n, at, said_by, staff, connected, contacted, solved, satisfaction, opinion,
                      waits)
SELECT $1, $2, $3, coalesce(max(b.n), 0) + 1, $4, $5, $6, $7, $8, $9, $10, $11, $12
  FROM callback b WHERE b.city = $1 AND b.case_no = $2 AND b.round = $3;

-- name: of_round
-- The attempts of one round, in order.
SELECT n, at, said_by, staff, connected, contacted, solved, satisfaction, opinion, waits
  FROM callback WHERE city = $1 AND case_no = $2 AND round = $3 ORDER BY n;

-- name: settle
-- Write how the verification of a closing ended ($4 how); what the citizen said later replaces it.
INSERT INTO verification AS v (city, case_no, round, how, contacted, solved, satisfaction, redo, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (city, case_no, round) DO UPDATE
   SET how = excluded.how, contacted = excluded.contacted, solved = excluded.solved,
       satisfaction = excluded.satisfaction, redo = excluded.redo, at = excluded.at;

-- name: decided
-- Nobody need decide on what was said of a case any more.
UPDATE callback SET waits = false WHERE city = $1 AND case_no = $2 AND waits;

-- name: standing
-- Whether there is someone to ask about a case, whether that is over for its present closing (of a merged one, that of
-- the case which answers for it), whether it has parts and which of them are not archived, and whether someone whose
-- report was merged into it is still to be asked.
SELECT CASE WHEN m.case_no IS NULL THEN may_be_called(c)
            ELSE m.closed_at IS NOT NULL AND EXISTS (SELECT 1 FROM merged_to_ask(m) x WHERE x.case_no = c.case_no)
            END AS callable,
       EXISTS (SELECT 1 FROM verification v WHERE v.city = $1 AND v.case_no = $2
                  AND NOT v.redo
                  AND v.at >= coalesce(m.closed_at, c.closed_at)) AS settled,
       EXISTS (SELECT 1 FROM cases p WHERE p.city = $1 AND p.parent_no = coalesce(m.case_no, $2)
                  AND p.state <> 'MERGED') AS divided,
       ARRAY(SELECT p.case_no FROM cases p WHERE p.city = $1 AND p.parent_no = $2
                AND p.state NOT IN ('ARCHIVED', 'REJECTED', 'TRANSFERRED', 'MERGED')) AS open_parts,
       EXISTS (SELECT 1 FROM merged_to_ask(c)) AS others
  FROM cases c LEFT JOIN cases m ON m.city = c.city AND m.case_no = c.merged_into AND c.state = 'MERGED'
 WHERE c.city = $1 AND c.case_no = $2;

-- name: queue
-- Whom to call: whoever reported a closed case or one merged into it, by its closing, with the attempts of the present
-- round; what a citizen said and a person must decide on comes first.
WITH asked AS (
    SELECT c.case_no, c.title, c.text, c.lead_unit, c.closed_at, c.parent_no, c.merged_into FROM cases c
     WHERE c.city = $1 AND c.state = 'CLOSED' AND may_be_called(c)
       AND NOT EXISTS (SELECT 1 FROM cases p WHERE p.city = c.city AND p.parent_no = c.case_no AND p.state <> 'MERGED')
       AND NOT EXISTS (SELECT 1 FROM verification v
                        WHERE v.city = c.city AND v.case_no = c.case_no AND NOT v.redo
                          AND v.at >= c.closed_at)
    UNION ALL
    SELECT m.case_no, m.title, m.text, c.lead_unit, c.closed_at, NULL, m.merged_into
      FROM cases c CROSS JOIN LATERAL merged_to_ask(c) m WHERE c.city = $1 AND c.state = 'CLOSED'
)
SELECT q.case_no, q.title, left(q.text, 60) AS gist, q.lead_unit, q.closed_at, q.parent_no, q.merged_into,
       coalesce(b.tries, 0) AS tries, b.last_at, coalesce(b.waits, false) AS waits
  FROM asked q
  LEFT JOIN LATERAL (
       SELECT count(*) AS tries, max(b.at) AS last_at, bool_or(b.waits) AS waits
         FROM callback b WHERE b.city = $1 AND b.case_no = q.case_no AND b.at >= q.closed_at) b ON true
 ORDER BY coalesce(b.waits, false) DESC, q.closed_at, q.case_no LIMIT $2;

-- name: waiting
-- What citizens said that a person must decide on, the oldest first; the case may be archived already, or merged.
SELECT b.case_no, b.round, b.at, b.solved, b.satisfaction, b.opinion FROM callback b
  JOIN cases c ON c.city = b.city AND c.case_no = b.case_no
  LEFT JOIN cases m ON m.city = c.city AND m.case_no = c.merged_into
 WHERE b.city = $1 AND b.waits AND coalesce(m.closed_at, c.closed_at) <= b.at ORDER BY b.at LIMIT $2;

-- name: to_archive
-- Closed cases that nobody is to be asked about any more: nobody there to ask, closed before $2; everybody asked; all
-- parts archived.
SELECT c.case_no FROM cases c
 WHERE c.city = $1 AND c.state = 'CLOSED'
   AND NOT EXISTS (SELECT 1 FROM callback b WHERE b.city = c.city AND b.case_no = c.case_no AND b.waits)
   AND NOT EXISTS (SELECT 1 FROM merged_to_ask(c))
   AND CASE WHEN EXISTS (SELECT 1 FROM cases p WHERE p.city = c.city AND p.parent_no = c.case_no
                            AND p.state <> 'MERGED')
            THEN NOT EXISTS (SELECT 1 FROM cases p WHERE p.city = c.city AND p.parent_no = c.case_no
                                AND p.state NOT IN ('ARCHIVED', 'REJECTED', 'TRANSFERRED', 'MERGED'))
            WHEN may_be_called(c)
            THEN EXISTS (SELECT 1 FROM verification v
                          WHERE v.city = c.city AND v.case_no = c.case_no AND NOT v.redo
                          AND v.at >= c.closed_at)
            ELSE c.closed_at <= $2 END
 ORDER BY c.case_no LIMIT $3;

-- name: spot_check
-- Keep the result of a spot check.
INSERT INTO spot_check (city, case_no, n, passed, note, staff, at)
SELECT $1, $2, coalesce(max(s.n), 0) + 1, $3, $4, $5, $6 FROM spot_check s WHERE s.city = $1 AND s.case_no = $2;
