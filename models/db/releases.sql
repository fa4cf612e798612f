-- Releases of a city's catalogue: kept whole, drafted, in force, and the past cases that a draft is tried on.

-- name: keep
-- Keep a release whole under the version that its decisions carry; one that is kept stays as it is.
INSERT INTO catalogue_release (city, version, content) VALUES ($1, $2, $3)
ON CONFLICT (city, version) DO NOTHING;

-- name: content
-- One release, as it was.
SELECT content FROM catalogue_release WHERE city = $1 AND version = $2;

-- name: current
-- The release in force.
SELECT n, version FROM catalogue_current WHERE city = $1;

-- name: share_current
-- The release in force, held for the rest of the transaction: a publication waits for what is decided by it.
SELECT n, version FROM catalogue_current WHERE city = $1 FOR SHARE;

-- name: put_first
-- Make sure that the city has a row to hold, before any release is in force.
INSERT INTO catalogue_current (city, n, version) VALUES ($1, 0, '') ON CONFLICT (city) DO NOTHING;

-- name: take_current
-- The release in force, held against everybody: only one publishes at a time.
SELECT n, version FROM catalogue_current WHERE city = $1 FOR UPDATE;

-- name: put_current
-- Put a release in force.
UPDATE catalogue_current SET n = $2, version = $3 WHERE city = $1;

-- name: add_publication
-- Write down which release is in force from now on: $2 count, $3 version, $4 action, $5 draft, $6 when, $7 who, $8 why.
INSERT INTO catalogue_publication (city, n, version, action, draft_no, at, by, why)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: tell
-- Tell whoever listens that a city has another release in force.
SELECT pg_notify('jiesu_release', $1);

-- name: publications
-- Which releases were in force, the latest first.
SELECT n, version, action, draft_no, at, by, why FROM catalogue_publication WHERE city = $1 ORDER BY n DESC LIMIT $2;

-- name: add_draft
-- Take a draft in under the next number: $2 version, $3 the release in force, $4 when, $5 who, $6 why.
INSERT INTO catalogue_draft (city, draft_no, version, based_on, made_at, made_by, why)
SELECT $1, coalesce(max(d.draft_no), 0) + 1, $2, $3, $4, $5, $6 FROM catalogue_draft d WHERE d.city = $1
RETURNING draft_no;

-- name: draft
-- One draft.
SELECT draft_no, version, based_on, made_at, made_by, why, report, simulated_at FROM catalogue_draft
 WHERE city = $1 AND draft_no = $2;

-- name: drafts
-- The drafts of a city, the latest first, without their reports.
SELECT draft_no, version, based_on, made_at, made_by, why, NULL::jsonb AS report, simulated_at FROM catalogue_draft
 WHERE city = $1 ORDER BY draft_no DESC LIMIT $2;

-- name: set_report
-- Keep what trying a draft on past cases showed, against which release in force ($4).
UPDATE catalogue_draft SET report = $3, based_on = $4, simulated_at = $5 WHERE city = $1 AND draft_no = $2;

-- name: past
-- Cases that were read, the latest first and before case $2: what rules look at, and what became of them.
SELECT case_no, types, kind, coalesce(tags -> 'urgency' ->> 'code', urgency) AS urgency,
       coalesce(tags -> 'flags', '[]') AS flags, adcode, township, zone, channel,
       CASE coalesce(tags -> 'types' -> 0 ->> 'code', types[1]) WHEN types[1] THEN source_category ELSE '{}' END
           AS categories, received_at, happened_on, source_due_at, dispatched_at, closed_at, lead_unit
  FROM cases WHERE city = $1 AND case_no < $2 AND cardinality(types) > 0 AND state <> 'NEW'
 ORDER BY case_no DESC LIMIT $3;
