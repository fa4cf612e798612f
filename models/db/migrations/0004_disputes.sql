-- Whose matter it is: wishes to be relieved, disputes between units, who held a case when, letters to bodies outside
-- the city's government, and the units that a case complains of.

-- One row for each wish of a unit to be relieved, and what came of it.
CREATE TABLE return_request (
    city           text        NOT NULL,
    case_no        bigint      NOT NULL,
    task_no        smallint    NOT NULL,
    n              smallint    NOT NULL,
    unit           text        NOT NULL,
    reason         text        NOT NULL,
    basis          text        NOT NULL,
    proposed_unit  text,
    requested_at   timestamptz NOT NULL,
    decided_at     timestamptz,
    granted        boolean,
    decided_by     text,
    PRIMARY KEY (city, case_no, task_no, n),
    CHECK ((decided_at IS NULL) = (granted IS NULL))
);
CREATE INDEX return_request_by_time ON return_request (city, requested_at);
CREATE INDEX return_request_open ON return_request (city, case_no, task_no) WHERE decided_at IS NULL;

-- A dispute about who leads a case: first the units agree among themselves, then someone above them designates.
CREATE TABLE dispute (
    city             text        NOT NULL,
    case_no          bigint      NOT NULL,
    dispute_no       smallint    NOT NULL,
    cause            text        NOT NULL CHECK (cause IN ('second_return', 'ping_pong', 'territory')),
    stage            text        NOT NULL CHECK (stage IN ('negotiation', 'adjudication', 'agreed', 'designated')),
    level            text        NOT NULL CHECK (level IN ('hotline', 'city', 'coord')),
    opener           text        NOT NULL,
    parties          text[]      NOT NULL,
    opened_at        timestamptz NOT NULL,
    negotiate_until  timestamptz NOT NULL,
    settled_at       timestamptz,
    lead_unit        text,
    settled_by       text,
    body             text,
    document         text,
    PRIMARY KEY (city, case_no, dispute_no),
    CHECK ((settled_at IS NULL) = (stage IN ('negotiation', 'adjudication'))),
    CHECK (stage <> 'designated' OR document IS NOT NULL)
);
CREATE UNIQUE INDEX dispute_one_open ON dispute (city, case_no) WHERE settled_at IS NULL;
CREATE INDEX dispute_to_agree ON dispute (city, negotiate_until) WHERE stage = 'negotiation';
CREATE INDEX dispute_open ON dispute (city, opened_at) WHERE settled_at IS NULL;
CREATE INDEX dispute_by_time ON dispute (city, opened_at);

-- Who held an accepted case from when to when: a unit that leads it, the desk, whoever looks at its result, or
-- nobody while it stands still by approval. Rows of a case follow each other without gap or overlap.
CREATE TABLE custody (
    city      text        NOT NULL,
    case_no   bigint      NOT NULL,
    seq       smallint    NOT NULL,
    holding   text        NOT NULL CHECK (holding IN ('unit', 'desk', 'review', 'standing')),
    unit      text,
    from_at   timestamptz NOT NULL,
    until_at  timestamptz,
    PRIMARY KEY (city, case_no, seq),
    CHECK (until_at >= from_at),
    CHECK ((holding = 'unit') = (unit IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX custody_open ON custody (city, case_no) WHERE until_at IS NULL;
CREATE INDEX custody_ended ON custody (city, until_at) WHERE until_at IS NOT NULL;

-- Who holds a case as it stands; nothing before it is accepted and after it is over.
CREATE FUNCTION holding_of(c cases) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN c.accepted_at IS NULL OR c.closed_at IS NOT NULL
                  OR c.state NOT IN ('ACCEPTED', 'DISPATCHED', 'IN_PROGRESS', 'SUBMITTED') THEN NULL
                WHEN c.suspended_at IS NOT NULL THEN 'standing'
                WHEN c.state = 'SUBMITTED' THEN 'review'
                WHEN c.state = 'ACCEPTED' OR c.lead_unit IS NULL THEN 'desk'
                ELSE 'unit' END
$$;

-- Cases that are under way when this comes: held since they were dispatched, as far as is known.
INSERT INTO custody (city, case_no, seq, holding, unit, from_at)
SELECT c.city, c.case_no, 1, holding_of(c), CASE WHEN holding_of(c) = 'unit' THEN c.lead_unit END,
       coalesce(c.dispatched_at, c.accepted_at)
  FROM cases c WHERE holding_of(c) IS NOT NULL;

-- Letters to bodies that get no task: outside the city's government, or another city's (转办函).
CREATE TABLE letter (
    city          text        NOT NULL,
    letter_id     uuid        NOT NULL,
    case_no       bigint      NOT NULL,
    number        text        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('transfer', 'coordinate', 'inform')),
    to_unit       text,
    to_name       text        NOT NULL,
    to_city       text,
    subject       text        NOT NULL,
    body          text        NOT NULL,
    issued_at     timestamptz NOT NULL,
    issued_by     text        NOT NULL,
    reply_by      timestamptz,
    received_at   timestamptz,
    received_by   text,
    replied_at    timestamptz,
    reply         text,
    PRIMARY KEY (city, letter_id),
    UNIQUE (city, number)
);
CREATE INDEX letter_by_case ON letter (city, case_no);
CREATE INDEX letter_waiting ON letter (city, issued_at) WHERE received_at IS NULL;

-- The units that a case complains of: it is hidden from them whatever tasks they have.
CREATE TABLE accused (
    city      text        NOT NULL,
    case_no   bigint      NOT NULL,
    unit      text        NOT NULL,
    noted_at  timestamptz NOT NULL,
    PRIMARY KEY (city, case_no, unit)
);
CREATE FUNCTION complained_of(of_city text, of_case bigint) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM accused a WHERE a.city = of_city AND a.case_no = of_case
                      AND a.unit = current_setting('jiesu.unit', true));
END $$;

SELECT isolate(name) FROM unnest(ARRAY['return_request', 'dispute', 'custody', 'letter', 'accused']) AS name;
SELECT isolate_by_unit(name) FROM unnest(ARRAY['return_request', 'dispute', 'custody']) AS name;
SELECT isolate_from_units('letter');

-- What a unit sees of a case hangs on its task there, so hiding the task hides all of it.
CREATE POLICY not_complained_of ON task AS RESTRICTIVE FOR SELECT USING
    (coalesce(current_setting('jiesu.unit', true), '') = '' OR NOT complained_of(city, case_no));
CREATE POLICY own_complaints ON accused AS RESTRICTIVE FOR SELECT USING
    (coalesce(current_setting('jiesu.unit', true), '') IN ('', unit));
