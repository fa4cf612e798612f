-- Environmental emergencies: events apart from the cases that told of them (F66, F67).
-- An emergency bears the number of the case that told of it first.

CREATE TABLE emergency (
    city          text        NOT NULL,
    emergency_no  bigint      NOT NULL,
    trigger       text        NOT NULL,
    level         text        NOT NULL DEFAULT '' CHECK (level IN ('', 'I', 'II', 'III', 'IV')),
    water         boolean     NOT NULL,   -- drinking water or another sensitive place is touched
    crossing      boolean     NOT NULL,   -- may reach another jurisdiction
    summary       text        NOT NULL,
    known_at      timestamptz NOT NULL,
    opened_at     timestamptz NOT NULL,
    opened_by     text        NOT NULL,
    arrived_at    timestamptz,
    ended_at      timestamptz,
    ended_by      text,
    PRIMARY KEY (city, emergency_no)
);
CREATE INDEX emergency_open ON emergency (city, emergency_no DESC) WHERE ended_at IS NULL;

CREATE TABLE emergency_case (
    city          text        NOT NULL,
    case_no       bigint      NOT NULL,
    emergency_no  bigint      NOT NULL,
    joined_at     timestamptz NOT NULL,
    joined_by     text        NOT NULL,
    PRIMARY KEY (city, case_no)
);
CREATE INDEX emergency_case_by_emergency ON emergency_case (city, emergency_no);

-- The record of a call between hotline, police, fire brigade and units (三方通话).
CREATE TABLE emergency_call (
    city          text        NOT NULL,
    emergency_no  bigint      NOT NULL,
    n             smallint    NOT NULL,
    at            timestamptz NOT NULL,
    lines         text[]      NOT NULL,
    said          text        NOT NULL,
    staff         text        NOT NULL,
    PRIMARY KEY (city, emergency_no, n)
);

-- Who must be told: units of the city, and authorities outside it by name.
CREATE TABLE emergency_notice (
    city          text        NOT NULL,
    emergency_no  bigint      NOT NULL,
    n             smallint    NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('unit', 'superior', 'neighbour')),
    role          text        NOT NULL,
    unit          text,
    addressee     text        NOT NULL,
    told_at       timestamptz,
    told_by       text,
    how           text,
    received_at   timestamptz,
    received_by   text,
    PRIMARY KEY (city, emergency_no, n)
);

CREATE TABLE emergency_report (
    city          text        NOT NULL,
    emergency_no  bigint      NOT NULL,
    n             smallint    NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('first', 'follow', 'final')),
    at            timestamptz NOT NULL,
    level         text        NOT NULL,
    addressees    text[]      NOT NULL,
    text          text        NOT NULL,
    staff         text        NOT NULL,
    PRIMARY KEY (city, emergency_no, n)
);
CREATE UNIQUE INDEX emergency_one_first ON emergency_report (city, emergency_no) WHERE kind = 'first';
CREATE UNIQUE INDEX emergency_one_final ON emergency_report (city, emergency_no) WHERE kind = 'final';

SELECT isolate(name), isolate_from_units(name)
  FROM unnest(ARRAY['emergency', 'emergency_case', 'emergency_call', 'emergency_notice', 'emergency_report']) AS name;
