-- The record of migrations and the lock around them.

-- name: lock
-- Let one runner at a time through; the others wait for it and then find nothing left to do.
SELECT pg_advisory_lock(4918113);

-- name: unlock
-- Let the next runner through.
SELECT pg_advisory_unlock(4918113);

-- name: be_patient
-- Wait long for the lock of another runner, and let a migration run as long as it takes.
SELECT set_config('lock_timeout', '300s', false), set_config('statement_timeout', '0', false);

-- name: be_brief
-- Give up rather than make the running system queue behind a migration's locks.
SELECT set_config('lock_timeout', '5s', true);

-- name: make_record
-- Make the record.
CREATE TABLE IF NOT EXISTS schema_migration (
    number      integer     PRIMARY KEY,
    name        text        NOT NULL,
    checksum    text        NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now()
);

-- name: has_record
-- Whether the record is there: making it needs a right that reading it does not.
SELECT to_regclass('schema_migration') IS NOT NULL;

-- name: record
-- All that was done, in order.
SELECT number, name, checksum FROM schema_migration ORDER BY number;

-- name: note
-- Note what was done; a part that is upgraded in place is noted anew.
INSERT INTO schema_migration (number, name, checksum) VALUES ($1, $2, $3)
ON CONFLICT (number) DO UPDATE SET name = excluded.name, checksum = excluded.checksum, applied_at = now();
