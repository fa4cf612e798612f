-- Staff accounts and their sessions: only a session's hash is stored, so a copy of the table opens nothing.

-- name: account
-- One account by its name, with the hash of its password.
SELECT city, username, display_name, role, unit, active, created_at, password_hash
  FROM staff WHERE city = $1 AND username = $2;

-- name: accounts
-- All accounts of a city, active ones first.
SELECT s.city, s.username, s.display_name, s.role, s.unit, s.grid, s.active, s.created_at, u.short_name AS unit_name,
       g.name AS grid_name
  FROM staff s LEFT JOIN unit u ON u.city = s.city AND u.code = s.unit
  LEFT JOIN grid g ON g.city = s.city AND g.code = s.grid
 WHERE s.city = $1 ORDER BY s.active DESC, s.role, s.username;

-- name: any_account
-- Whether the city has any account at all.
SELECT EXISTS (SELECT 1 FROM staff WHERE city = $1);

-- name: demo_accounts
-- Active accounts that came with the demonstration: their names begin with `demo-`.
SELECT city, username, display_name, role, unit, active, created_at
  FROM staff WHERE city = $1 AND username >= 'demo-' AND username < 'demo.' AND active ORDER BY username;

-- name: add_account
-- Make an account; nothing happens where the name is taken.
INSERT INTO staff (city, username, display_name, role, unit, password_hash, grid)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING username;

-- name: set_active
-- Open or close an account.
UPDATE staff SET active = $3 WHERE city = $1 AND username = $2 RETURNING username;

-- name: set_password
-- Replace the hash of a password.
UPDATE staff SET password_hash = $3 WHERE city = $1 AND username = $2 AND active RETURNING username;

-- name: open_session
-- Begin a session.
INSERT INTO session (city, token_hash, username, csrf, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: session
-- Who a session belongs to, while it lasts and the account is active.
SELECT s.city, s.username, s.display_name, s.role, s.unit, s.grid, t.csrf
  FROM session t JOIN staff s ON s.city = t.city AND s.username = t.username AND s.active
 WHERE t.city = $1 AND t.token_hash = $2 AND t.expires_at > $3;

-- name: close_session
-- End one session.
DELETE FROM session WHERE city = $1 AND token_hash = $2;

-- name: close_sessions
-- End all sessions of an account but the one kept (no hash keeps none).
DELETE FROM session WHERE city = $1 AND username = $2 AND token_hash IS DISTINCT FROM $3;

-- name: sweep_sessions
-- Forget sessions that have run out.
DELETE FROM session WHERE city = $1 AND expires_at <= $2;
