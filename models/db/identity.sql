-- The vault's rows: sealed fields of who reported, and who has looked at them.

-- name: put
-- Keep the first reporter of cases ($2), as said at $3; later content replaces what it says.
INSERT INTO identity AS i (city, case_no, reporter_no, key_version, name, phone, address, wechat, phone_index,
                           wechat_index, anonymous, confidential, want_callback, contact_time, created_at)
SELECT $1, case_no, 1, key_version, decode(name, 'base64'), decode(phone, 'base64'), decode(address, 'base64'),
       decode(wechat, 'base64'), decode(phone_index, 'base64'), decode(wechat_index, 'base64'), anonymous,
       confidential, want_callback, contact_time, $3
  FROM json_to_recordset($2::text::json)
    AS p (case_no bigint, key_version smallint, name text, phone text, address text, wechat text,
          phone_index text, wechat_index text, anonymous boolean, confidential boolean, want_callback boolean,
          contact_time text)
ON CONFLICT (city, case_no, reporter_no) DO UPDATE
   SET key_version = excluded.key_version, name = excluded.name, phone = excluded.phone, address = excluded.address,
       wechat = excluded.wechat, phone_index = excluded.phone_index, wechat_index = excluded.wechat_index,
       anonymous = excluded.anonymous, confidential = i.confidential OR excluded.confidential,
       want_callback = excluded.want_callback, contact_time = excluded.contact_time;

-- name: get
-- The sealed row of a case's first reporter.
SELECT case_no, key_version, name, phone, address, wechat, phone_index, wechat_index, anonymous, confidential,
       want_callback, contact_time
  FROM identity WHERE city = $1 AND case_no = $2 AND reporter_no = 1;

-- name: log_access
-- Write down who looks at which field of whose identity, and why.
INSERT INTO identity_access (city, access_id, case_no, field, reason, staff, at) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: accesses
-- Who looked, newest first.
SELECT access_id, field, reason, staff, at FROM identity_access WHERE city = $1 AND case_no = $2 ORDER BY at DESC;

-- name: same_phone
-- The cases of a caller, newest first, by blind index.
SELECT case_no FROM identity WHERE city = $1 AND phone_index = $2 ORDER BY case_no DESC LIMIT $3;
