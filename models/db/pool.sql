-- Sessions: whose rows a transaction may see, and under which role it runs.

-- name: scope
-- Say, for this transaction only, which city ($1, '*' for all) and which unit ($2, '' for none) may be seen.
SELECT set_config('jiesu.city', $1, true), set_config('jiesu.unit', $2, true);

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
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another session made it at the same moment
END $$;
