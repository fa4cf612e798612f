-- What a case needs before it may end, and what follows its end: visits, monitoring, self-checks, look-backs,
-- transfers of crimes, joint actions, and work given by inspections from above.

CREATE TABLE visit (
    city       text        NOT NULL,
    case_no    bigint      NOT NULL,
    n          smallint    NOT NULL,
    task_no    smallint    NOT NULL,
    unit       text        NOT NULL,
    method     text        NOT NULL CHECK (method IN ('site', 'sampling', 'online', 'remote')),
    at         timestamptz NOT NULL,
    people     text[]      NOT NULL CHECK (cardinality(people) > 0),
    place      text        NOT NULL,
    found      boolean     NOT NULL,   -- what was reported was there
    finding    text        NOT NULL,
    files      uuid[]      NOT NULL,
    noted_at   timestamptz NOT NULL,
    noted_by   text        NOT NULL,
    PRIMARY KEY (city, case_no, n)
);

-- A wish for sampling or measuring, and the report that came of it.
CREATE TABLE monitoring (
    city         text        NOT NULL,
    case_no      bigint      NOT NULL,
    n            smallint    NOT NULL,
    asked_at     timestamptz NOT NULL,
    asked_by     text        NOT NULL,
    unit         text,
    station      text        NOT NULL,
    what         text        NOT NULL,
    hours        text        NOT NULL,
    reported_at  timestamptz,
    reported_by  text,
    sampled_at   timestamptz,
    report_no    text,
    exceeded     boolean,
    summary      text,
    files        uuid[]      NOT NULL DEFAULT '{}',
    PRIMARY KEY (city, case_no, n),
    CHECK ((reported_at IS NULL) = (report_no IS NULL) AND (reported_at IS NULL) = (sampled_at IS NULL))
);
CREATE INDEX monitoring_waiting ON monitoring (city, asked_at) WHERE reported_at IS NULL;

CREATE TABLE self_check (
    city     text        NOT NULL,
    case_no  bigint      NOT NULL,
    n        smallint    NOT NULL,
    unit     text        NOT NULL,
    at       timestamptz NOT NULL,
    staff    text        NOT NULL,
    items    jsonb       NOT NULL,
    PRIMARY KEY (city, case_no, n)
);

-- Looking again at what was closed: planned when it closes, opened when due, done once.
CREATE TABLE lookback (
    city        text        NOT NULL,
    case_no     bigint      NOT NULL,
    n           smallint    NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('after_close', 'quarterly')),
    rule        text        NOT NULL,
    planned_at  timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    opened_at   timestamptz,
    done_at     timestamptz,
    done_by     text,
    unit        text,
    result      text CHECK (result IN ('held', 'rebound', 'void')),
    finding     text,
    files       uuid[]      NOT NULL DEFAULT '{}',
    PRIMARY KEY (city, case_no, n),
    CHECK ((done_at IS NULL) = (result IS NULL))
);
-- One of a kind at a time: none is planned twice, and none is lost while it is not done.
CREATE UNIQUE INDEX lookback_one_ahead ON lookback (city, case_no, kind) WHERE done_at IS NULL;
CREATE INDEX lookback_due ON lookback (city, due_at) WHERE opened_at IS NULL AND done_at IS NULL;
CREATE INDEX lookback_open ON lookback (city, due_at) WHERE opened_at IS NOT NULL AND done_at IS NULL;

CREATE TABLE crime_transfer (
    city            text        NOT NULL,
    case_no         bigint      NOT NULL,
    n               smallint    NOT NULL,
    unit            text        NOT NULL,
    facts           text        NOT NULL,
    evidence        text[]      NOT NULL CHECK (cardinality(evidence) > 0),
    files           uuid[]      NOT NULL,
    reported_at     timestamptz NOT NULL,
    reported_by     text        NOT NULL,
    decided_at      timestamptz,
    approved        boolean,
    head            text,
    reason          text,
    transferred_at  timestamptz,
    document        text,
    recipient       text,
    receipt         text,
    psb_at          timestamptz,
    psb_filed       boolean,
    psb_document    text,
    PRIMARY KEY (city, case_no, n),
    CHECK ((decided_at IS NULL) = (approved IS NULL)),
    CHECK (transferred_at IS NULL OR approved),
    CHECK (psb_at IS NULL OR transferred_at IS NOT NULL)
);
CREATE UNIQUE INDEX crime_one_open ON crime_transfer (city, case_no)
    WHERE decided_at IS NULL OR (approved AND psb_at IS NULL);

-- Joint checks, consultations and meetings: who took part, what was concluded, in which document.
CREATE TABLE joint_action (
    city          text        NOT NULL,
    case_no       bigint      NOT NULL,
    n             smallint    NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('check', 'consultation', 'meeting', 'police')),
    topic         text        NOT NULL,
    invited       text[]      NOT NULL,
    proposed_at   timestamptz NOT NULL,
    proposed_by   text        NOT NULL,
    held_at       timestamptz,
    participants  text[]      NOT NULL DEFAULT '{}',
    conclusion    text,
    lead_unit     text,
    document      text,
    concluded_at  timestamptz,
    concluded_by  text,
    PRIMARY KEY (city, case_no, n),
    CHECK ((concluded_at IS NULL) = (conclusion IS NULL)),
    CHECK (concluded_at IS NULL OR document IS NOT NULL)
);
CREATE INDEX joint_action_topics ON joint_action (city, proposed_at) WHERE concluded_at IS NULL;

-- Cases given by inspections of the state or province, each under their number (受理编号).
CREATE TABLE inspection (
    city            text        NOT NULL,
    ref             text        NOT NULL,
    case_no         bigint      NOT NULL,
    assigned_at     timestamptz NOT NULL,
    due_at          timestamptz,
    adcode          text        NOT NULL,
    pollution       text        NOT NULL,
    content         text        NOT NULL,
    listed_by       text        NOT NULL,
    listed_at       timestamptz NOT NULL,
    responsible     text,
    unit            text,
    target          text        NOT NULL DEFAULT '',
    measures        text        NOT NULL DEFAULT '',
    deadline        date,
    issued_at       timestamptz,
    progress        text        NOT NULL DEFAULT '',
    self_check      text        NOT NULL DEFAULT '',
    accountability  text        NOT NULL DEFAULT '',
    reported_at     timestamptz,
    acceptance      text        NOT NULL DEFAULT '',
    accepted_at     timestamptz,
    published_at    timestamptz,
    PRIMARY KEY (city, ref),
    UNIQUE (city, case_no),
    CHECK (issued_at IS NULL OR length(responsible) > 1)
);
CREATE INDEX inspection_published ON inspection (city, assigned_at, ref) WHERE published_at IS NOT NULL;

SELECT isolate(name) FROM unnest(ARRAY['visit', 'monitoring', 'self_check', 'lookback', 'crime_transfer',
                                       'joint_action', 'inspection']) AS name;
SELECT isolate_by_unit(name) FROM unnest(ARRAY['visit', 'monitoring', 'self_check', 'joint_action', 'inspection']) AS name;
SELECT isolate_from_units(name) FROM unnest(ARRAY['lookback', 'crime_transfer']) AS name;
