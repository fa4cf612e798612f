-- The foundation: reports in, cases, tasks, clocks, events, identities, staff, messages out.
-- Every key starts with `city` (the jurisdiction's six-digit adcode): one city is one tenant, and its rows
-- stay together when sharded. No constraint or sequence crosses cities.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Cities as published: the data files of models/cities/<adcode>, kept so that an old case can be explained.
CREATE TABLE city_release (
    city          text        NOT NULL CHECK (city ~ '^[0-9]{6}$'),
    version       text        NOT NULL,
    content       jsonb       NOT NULL,
    published_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (city, version)
);

CREATE TABLE unit (
    city             text    NOT NULL,
    code             text    NOT NULL,
    name             text    NOT NULL,
    short_name       text    NOT NULL,
    level            text    NOT NULL CHECK (level IN ('city', 'county', 'zone', 'town', 'external')),
    parent           text,
    has_enforcement  boolean NOT NULL DEFAULT true,
    active           boolean NOT NULL DEFAULT true,
    PRIMARY KEY (city, code)
);

-- Case numbers are gapless within city and day: the number is taken in the transaction that stores the case.
CREATE TABLE case_counter (
    city  text    NOT NULL,
    day   date    NOT NULL,
    n     integer NOT NULL,
    PRIMARY KEY (city, day)
);

CREATE TABLE cases (
    city             text        NOT NULL,
    case_no          bigint      NOT NULL,
    state            text        NOT NULL DEFAULT 'NEW' CHECK (state IN
        ('NEW', 'SCREEN', 'REJECTED', 'TRANSFERRED', 'ACCEPTED', 'DISPATCHED', 'IN_PROGRESS', 'SUBMITTED', 'CLOSED')),
    queue            text        DEFAULT 'tag' CHECK (queue IN ('tag', 'route', 'review')),
    revision         integer     NOT NULL DEFAULT 1,
    channel          text        NOT NULL,
    source           text        NOT NULL,
    title            text,
    text             text        NOT NULL,
    address          text,
    received_at      timestamptz NOT NULL,
    stated_adcode    text,
    stated_township  text,
    source_due_at    timestamptz,
    kind             text,
    types            text[]      NOT NULL DEFAULT '{}',
    urgency          text        CHECK (urgency IN ('P0', 'P1', 'P2', 'P3')),
    adcode           text,
    township         text,
    zone             text,
    lead_unit        text,
    tags             jsonb,
    decision         jsonb,
    review_reasons   text[]      NOT NULL DEFAULT '{}',
    no_return        boolean     NOT NULL DEFAULT false,
    confidential     boolean     NOT NULL DEFAULT true,
    attempts         smallint    NOT NULL DEFAULT 0,
    claimed_until    timestamptz,
    error            text,
    accepted_at      timestamptz,
    dispatched_at    timestamptz,
    closed_at        timestamptz,
    result           jsonb,
    track_hash       bytea       NOT NULL,
    search           tsvector,
    PRIMARY KEY (city, case_no),
    FOREIGN KEY (city, lead_unit) REFERENCES unit (city, code)
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX cases_track ON cases (city, track_hash);
CREATE INDEX cases_to_tag ON cases (city, case_no) WHERE queue = 'tag';
CREATE INDEX cases_to_route ON cases (city, case_no) WHERE queue = 'route';
CREATE INDEX cases_to_review ON cases (city, urgency, case_no) WHERE queue = 'review';
CREATE INDEX cases_submitted ON cases (city, case_no) WHERE state = 'SUBMITTED';
CREATE INDEX cases_by_state ON cases (city, state, case_no DESC);
CREATE INDEX cases_by_lead ON cases (city, lead_unit, case_no DESC) WHERE lead_unit IS NOT NULL;
CREATE INDEX cases_search ON cases USING gin (search);

-- One row for each number a source gave: the constraint behind "exactly once".
CREATE TABLE case_ref (
    city         text     NOT NULL,
    source       text     NOT NULL,
    external_no  text     NOT NULL,
    case_no      bigint   NOT NULL,
    version      integer  NOT NULL DEFAULT 1,
    digest       bytea    NOT NULL,
    issued_at    timestamptz,
    PRIMARY KEY (city, source, external_no)
);
CREATE INDEX case_ref_by_case ON case_ref (city, case_no);

-- Each delivery that said something new, as it came (identity taken out); `applied` is false for one that
-- arrived after a later one and was kept as history only.
CREATE TABLE report (
    city         text        NOT NULL,
    source       text        NOT NULL,
    external_no  text        NOT NULL,
    version      integer     NOT NULL,
    message_id   text        NOT NULL,
    digest       bytea       NOT NULL,
    case_no      bigint      NOT NULL,
    issued_at    timestamptz,
    received_at  timestamptz NOT NULL,
    applied      boolean     NOT NULL DEFAULT true,
    payload      jsonb       NOT NULL,
    PRIMARY KEY (city, source, external_no, version),
    UNIQUE (city, source, message_id)
);
CREATE INDEX report_by_case ON report (city, case_no);

-- Signed requests already seen, so that a captured one cannot be sent again under another body.
CREATE TABLE nonce (
    city     text        NOT NULL,
    app_id   text        NOT NULL,
    nonce    text        NOT NULL,
    digest   bytea       NOT NULL,
    seen_at  timestamptz NOT NULL,
    PRIMARY KEY (city, app_id, nonce)
);
CREATE INDEX nonce_by_age ON nonce (city, seen_at);

-- Codes of a source that we have no mapping for: kept word for word until someone maps them.
CREATE TABLE unknown_code (
    city       text        NOT NULL,
    source     text        NOT NULL,
    field      text        NOT NULL,
    code       text        NOT NULL,
    n          integer     NOT NULL DEFAULT 1,
    last_seen  timestamptz NOT NULL,
    PRIMARY KEY (city, source, field, code)
);

-- The vault: who reported, apart from the case. AES-GCM with the key of that version; blind indexes are HMACs.
CREATE TABLE identity (
    city           text        NOT NULL,
    case_no        bigint      NOT NULL,
    reporter_no    smallint    NOT NULL,
    key_version    smallint    NOT NULL,
    name           bytea,
    phone          bytea,
    address        bytea,
    wechat         bytea,
    phone_index    bytea,
    wechat_index   bytea,
    anonymous      boolean     NOT NULL,
    confidential   boolean     NOT NULL,
    want_callback  boolean     NOT NULL,
    contact_time   text,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (city, case_no, reporter_no)
);
CREATE INDEX identity_by_phone ON identity (city, phone_index) WHERE phone_index IS NOT NULL;

CREATE TABLE identity_access (
    city       text        NOT NULL,
    access_id  uuid        NOT NULL,
    case_no    bigint      NOT NULL,
    field      text        NOT NULL,
    reason     text        NOT NULL CHECK (length(reason) >= 4),
    staff      text        NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (city, access_id)
);
CREATE INDEX identity_access_by_case ON identity_access (city, case_no);

-- Evidence and attachments: `url` points at the source's copy, `content` holds what was uploaded here.
CREATE TABLE attachment (
    city           text        NOT NULL,
    attachment_id  uuid        NOT NULL,
    case_no        bigint      NOT NULL,
    task_no        smallint,
    origin         text        NOT NULL CHECK (origin IN ('source', 'citizen', 'unit')),
    name           text        NOT NULL,
    media_type     text        NOT NULL,
    size           bigint      NOT NULL,
    sha256         text        NOT NULL,
    url            text,
    content        bytea,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (city, attachment_id)
);
CREATE INDEX attachment_by_case ON attachment (city, case_no);

CREATE TABLE task (
    city           text        NOT NULL,
    case_no        bigint      NOT NULL,
    task_no        smallint    NOT NULL,
    unit           text        NOT NULL,
    role           text        NOT NULL,
    is_lead        boolean     NOT NULL,
    state          text        NOT NULL DEFAULT 'DISPATCHED' CHECK (state IN
        ('DISPATCHED', 'RETURN_REQ', 'SIGNED', 'IN_PROGRESS', 'SUBMITTED', 'DONE', 'RETURNED', 'WITHDRAWN')),
    revision       integer     NOT NULL DEFAULT 1,
    dispatched_at  timestamptz NOT NULL,
    signed_at      timestamptz,
    handler        text,
    contacted_at   timestamptz,
    submitted_at   timestamptz,
    returned_at    timestamptz,
    result         jsonb,
    PRIMARY KEY (city, case_no, task_no),
    FOREIGN KEY (city, unit) REFERENCES unit (city, code)
) WITH (fillfactor = 80);
-- Exactly one lead: the database itself refuses a second.
CREATE UNIQUE INDEX task_one_lead ON task (city, case_no)
    WHERE is_lead AND state NOT IN ('RETURNED', 'WITHDRAWN');
CREATE INDEX task_inbox ON task (city, unit, case_no DESC)
    WHERE state NOT IN ('DONE', 'RETURNED', 'WITHDRAWN');
CREATE INDEX task_by_unit ON task (city, unit, case_no DESC);
CREATE INDEX task_return_requested ON task (city, case_no) WHERE state = 'RETURN_REQ';

-- Clocks are rows: a policy, a pause or a new holiday moves `due_at`; `next_at` is when the sweeper must act.
CREATE TABLE clock (
    city         text          NOT NULL,
    case_no      bigint        NOT NULL,
    task_no      smallint      NOT NULL,  -- 0: the clock of the case itself
    code         text          NOT NULL,
    attempt      smallint      NOT NULL DEFAULT 1,
    unit         text,
    started_at   timestamptz   NOT NULL,
    due_at       timestamptz   NOT NULL,
    calendar     text          NOT NULL CHECK (calendar IN ('W', 'N', 'H')),
    provisional  boolean       NOT NULL DEFAULT false,
    trace        jsonb         NOT NULL,
    warn_at      timestamptz[] NOT NULL DEFAULT '{}',
    next_at      timestamptz,
    warned       smallint      NOT NULL DEFAULT 0,
    breached_at  timestamptz,
    stopped_at   timestamptz,
    stop_reason  text,
    PRIMARY KEY (city, case_no, task_no, code, attempt)
) WITH (fillfactor = 80);
CREATE INDEX clock_next ON clock (city, next_at) WHERE stopped_at IS NULL AND next_at IS NOT NULL;
CREATE INDEX clock_open ON clock (city, due_at) WHERE stopped_at IS NULL;
CREATE INDEX clock_open_by_unit ON clock (city, unit, due_at) WHERE stopped_at IS NULL;

-- Each warning and breach once: the key is what makes it so.
CREATE TABLE clock_alarm (
    city     text        NOT NULL,
    case_no  bigint      NOT NULL,
    task_no  smallint    NOT NULL,
    code     text        NOT NULL,
    attempt  smallint    NOT NULL,
    level    text        NOT NULL,
    unit     text,
    at       timestamptz NOT NULL,
    PRIMARY KEY (city, case_no, task_no, code, attempt, level)
);
CREATE INDEX clock_alarm_recent ON clock_alarm (city, at DESC);

-- Append-only history. The sealer turns `event_unsealed` into the city's hash chain in `event_seal`.
CREATE TABLE event (
    city        text        NOT NULL,
    event_id    uuid        NOT NULL,
    case_no     bigint      NOT NULL,
    at          timestamptz NOT NULL,
    verb        text        NOT NULL,
    actor_kind  text        NOT NULL CHECK (actor_kind IN ('system', 'citizen', 'staff', 'platform')),
    actor_name  text        NOT NULL,
    actor_unit  text,
    data        jsonb       NOT NULL,
    PRIMARY KEY (city, event_id)
);
CREATE INDEX event_by_case ON event (city, case_no, event_id);

CREATE TABLE event_unsealed (
    city      text NOT NULL,
    event_id  uuid NOT NULL,
    PRIMARY KEY (city, event_id)
);

CREATE TABLE event_seal (
    city      text   NOT NULL,
    seq       bigint NOT NULL,
    event_id  uuid   NOT NULL,
    hash      bytea  NOT NULL,
    PRIMARY KEY (city, seq),
    UNIQUE (city, event_id)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_seal_append_only BEFORE UPDATE OR DELETE ON event_seal
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER identity_access_append_only BEFORE UPDATE OR DELETE ON identity_access
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What a person changed of what the machine said: the training data of tomorrow.
CREATE TABLE correction (
    city           text        NOT NULL,
    correction_id  uuid        NOT NULL,
    case_no        bigint      NOT NULL,
    at             timestamptz NOT NULL,
    staff          text        NOT NULL,
    machine        jsonb       NOT NULL,
    human          jsonb       NOT NULL,
    note           text,
    PRIMARY KEY (city, correction_id)
);
CREATE INDEX correction_by_case ON correction (city, case_no);

-- Messages out, in order per case and target; PgQueuer says when to try, this table says what and whether.
CREATE TABLE outbox (
    city        text        NOT NULL,
    target      text        NOT NULL,
    case_no     bigint      NOT NULL,
    seq         integer     NOT NULL,
    kind        text        NOT NULL,
    dedupe      text        NOT NULL,
    body        jsonb       NOT NULL,
    state       text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
    attempts    smallint    NOT NULL DEFAULT 0,
    held_until  timestamptz,  -- the first pending message of a case is leased while it is being sent
    last_error  text,
    created_at  timestamptz NOT NULL,
    sent_at     timestamptz,
    PRIMARY KEY (city, target, case_no, seq),
    UNIQUE (city, target, case_no, dedupe)
);
CREATE INDEX outbox_pending ON outbox (city, created_at) WHERE state = 'pending';
CREATE INDEX outbox_dead ON outbox (city, created_at) WHERE state = 'dead';

-- Where messages go, as configured; a case of a source without an address here has nobody to tell.
CREATE TABLE outbox_target (
    city    text NOT NULL,
    target  text NOT NULL,
    url     text NOT NULL,
    PRIMARY KEY (city, target)
);

CREATE TABLE staff (
    city           text        NOT NULL,
    username       text        NOT NULL,
    display_name   text        NOT NULL,
    role           text        NOT NULL CHECK (role IN ('operator', 'unit', 'supervisor', 'admin')),
    unit           text,
    password_hash  text        NOT NULL,
    active         boolean     NOT NULL DEFAULT true,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (city, username),
    FOREIGN KEY (city, unit) REFERENCES unit (city, code),
    CHECK ((role = 'unit') = (unit IS NOT NULL))
);

CREATE TABLE session (
    city        text        NOT NULL,
    token_hash  bytea       NOT NULL,
    username    text        NOT NULL,
    csrf        text        NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (city, token_hash),
    FOREIGN KEY (city, username) REFERENCES staff (city, username) ON DELETE CASCADE
);
CREATE INDEX session_by_age ON session (city, expires_at);

-- Who does a thing that only one may do at a time, until when; `beat_at` proves it is alive.
CREATE TABLE lease (
    city     text        NOT NULL,
    name     text        NOT NULL,
    holder   text        NOT NULL,
    until    timestamptz NOT NULL,
    beat_at  timestamptz NOT NULL,
    PRIMARY KEY (city, name)
);

-- Isolation: a connection sees the city named in `jiesu.city`, all of them under '*', none when it is unset.
-- A connection with `jiesu.unit` sees only cases, tasks, clocks and files in which that unit has a part.
-- Written as an equation first: the planner estimates that from the table's statistics, and an IN as one in a hundred.
CREATE FUNCTION in_scope(row_city text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT row_city = current_setting('jiesu.city', true) OR current_setting('jiesu.city', true) = '*' $$;

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema()
        AND EXISTS (SELECT 1 FROM information_schema.columns c
                     WHERE c.table_schema = current_schema() AND c.table_name = tablename AND c.column_name = 'city')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY by_city ON %I USING (in_scope(city))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['cases', 'clock', 'clock_alarm', 'event', 'attachment', 'report', 'correction']
    LOOP
        EXECUTE format('CREATE POLICY by_unit ON %1$I AS RESTRICTIVE FOR SELECT USING ('
            'coalesce(current_setting(''jiesu.unit'', true), '''') = '''' OR EXISTS (SELECT 1 FROM task t '
            'WHERE t.city = %1$I.city AND t.case_no = %1$I.case_no AND t.unit = current_setting(''jiesu.unit'', true) '
            'AND t.state NOT IN (''RETURNED'', ''WITHDRAWN'')))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['identity', 'identity_access', 'staff', 'outbox', 'case_ref']
    LOOP
        EXECUTE format('CREATE POLICY no_unit ON %I AS RESTRICTIVE FOR SELECT USING '
                       '(coalesce(current_setting(''jiesu.unit'', true), '''') = '''')', name);
    END LOOP;
    CREATE POLICY own_task ON task AS RESTRICTIVE FOR SELECT USING
        (coalesce(current_setting('jiesu.unit', true), '') IN ('', unit));
END $$;
