-- A fresh server: the login that the application uses and the database that it owns.

-- name: login_exists
-- Whether the application's login is there.
SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'jiesu');

-- name: make_login
-- Make the login: no superuser, nothing that bypasses row-level security.
CREATE ROLE jiesu LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;

-- name: database_exists
-- Whether the application's database is there.
SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'jiesu');

-- name: make_database
-- Make the database that the login owns.
CREATE DATABASE jiesu OWNER jiesu;

-- name: index_search
-- Let full-text search use its index: under row-level security only leakproof operators may.
ALTER FUNCTION ts_match_vq(tsvector, tsquery) LEAKPROOF;

-- name: search_indexed
-- Whether that was done in this database.
SELECT proleakproof FROM pg_proc WHERE oid = 'ts_match_vq(tsvector, tsquery)'::regprocedure;
