-- What the reader learns from and how it does: corrections with their cases, stored tags in a window, releases.

-- name: corrected
-- Cases of a city of which a person changed types, request type or urgency, with the labels that hold now; none restricted.
SELECT c.case_no, c.title, c.text, c.channel, c.kind, c.types, c.urgency, c.adcode
  FROM cases c
 WHERE c.city = $1 AND c.kind IS NOT NULL AND c.urgency IS NOT NULL AND cardinality(c.types) > 0 AND NOT c.restricted
   AND c.case_no IN (SELECT k.case_no FROM correction k
                      WHERE k.city = $1 AND k.human ?| ARRAY['types', 'kind', 'urgency'])
 ORDER BY c.case_no;

-- name: keep_set
-- Keep what a set of corrections held; a set that is known stays as it is.
INSERT INTO correction_set (city, version, made_at, cases, members) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (city, version) DO NOTHING;

-- name: readings
-- What was said of a city's latest $2 cases and, as `recent`, of the latest $3 of them: counts by reader, main type
-- and tenth of its probability (1 to 10), how many went to the desk, how many the reader was in doubt of, and of how many a person changed the types.
WITH latest AS (
    SELECT c.case_no, c.tags, row_number() OVER (ORDER BY c.case_no DESC) <= $3 AS recent
      FROM (SELECT case_no, tags FROM cases WHERE city = $1 AND tags IS NOT NULL
             ORDER BY case_no DESC LIMIT $2) c
), said AS (
    SELECT recent, tags #>> '{model,version}' AS model, tags #>> '{types,0,code}' AS code,
           (tags #>> '{types,0,p}')::float8 AS p, (tags ->> 'review')::boolean AS review,
           tags -> 'review_reasons' ? 'low_confidence_type' AS doubt,
           EXISTS (SELECT FROM correction k WHERE k.city = $1 AND k.case_no = latest.case_no
                      AND k.human ? 'types') AS corrected
      FROM latest
)
SELECT recent, model, code, least(width_bucket(p, 0, 1, 10), 10) AS tenth, count(*) AS n, sum(p) AS p,
       count(*) FILTER (WHERE review) AS review, count(*) FILTER (WHERE doubt) AS doubt,
       count(*) FILTER (WHERE corrected) AS corrected
  FROM said GROUP BY recent, model, code, tenth;

-- name: add_release
-- Log for each city $1 what was done with a reader.
INSERT INTO model_release (city, act_id, at, act, version, replaced, reason, figures)
SELECT city, $2, $3, $4, $5, $6, $7, $8 FROM unnest($1::text[]) AS city;

-- name: releases
-- What was done with the readers of a city, the latest first.
SELECT at, act, version, replaced, reason, figures FROM model_release
 WHERE city = $1 ORDER BY act_id DESC LIMIT $2;
