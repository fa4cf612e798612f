-- Sessions: whose rows a transaction may see, and under which role it runs.

-- name: scope
-- Say, for this transaction only, which city ($1, '*' for all) and which unit ($2, '' for none) may be seen, and which
-- member of staff reads ($3, '' for the program itself).
SELECT set_config('jiesu.city', $1, true), set_config('jiesu.unit', $2, true), set_config('jiesu.person', $3, true);

-- name: bypasses_isolation
-- Whether the login could see through row-level security.
SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user;

-- name: make_owner
-- Make the role that owns everything and bypasses nothing, and let it work in this database.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'jiesu') THEN
        CREATE ROLE jiesu NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
    IF NOT has_schema_privilege('jiesu', 'public', 'CREATE') THEN
        GRANT USAGE, CREATE ON SCHEMA public TO jiesu;
    END IF;
    IF NOT has_database_privilege('jiesu', current_database(), 'CREATE') THEN
        EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO jiesu', current_database());
    END IF;
    -- Under row-level security an index serves only leakproof operators: without this a search reads every row.
    IF NOT (SELECT proleakproof FROM pg_proc WHERE oid = 'ts_match_vq(tsvector, tsquery)'::regprocedure) THEN
        ALTER FUNCTION ts_match_vq(tsvector, tsquery) LEAKPROOF;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation OR internal_error THEN
        NULL;  -- another session made it at the same moment
    WHEN insufficient_privilege THEN
        NULL;  -- a login that is no superuser: search works, only slowly
END $$;
