-- Verification and marks: callbacks, what they settled, spot checks, figures with their cases, exclusions, rewards.

-- Each attempt to ask the citizen, or what the citizen said of their own accord. A case that is closed again after
-- rework is verified again: `round` counts its closings. Units never see these rows: who handled a case must not
-- know who said what of it.
CREATE TABLE callback (
    city          text        NOT NULL,
    case_no       bigint      NOT NULL,
    round         smallint    NOT NULL,
    n             smallint    NOT NULL,
    at            timestamptz NOT NULL,
    said_by       text        NOT NULL CHECK (said_by IN ('desk', 'citizen')),
    staff         text,
    connected     boolean     NOT NULL,
    contacted     boolean,
    solved        boolean,
    satisfaction  smallint    CHECK (satisfaction BETWEEN 1 AND 5),
    opinion       text        NOT NULL DEFAULT '',
    waits         boolean     NOT NULL DEFAULT false,  -- a person must still decide whether it is done again
    PRIMARY KEY (city, case_no, round, n),
    CHECK (connected = (solved IS NOT NULL) AND connected = (satisfaction IS NOT NULL)),
    CHECK ((said_by = 'desk') = (staff IS NOT NULL))
);
CREATE INDEX callback_waiting ON callback (city, at) WHERE waits;

-- How the verification of one closing ended: judged by the citizen, not reached in all attempts, without anybody to
-- ask, or asked of its parts.
CREATE TABLE verification (
    city          text        NOT NULL,
    case_no       bigint      NOT NULL,
    round         smallint    NOT NULL,
    how           text        NOT NULL CHECK (how IN ('judged', 'unreached', 'exempt', 'parts')),
    contacted     boolean,
    solved        boolean,
    satisfaction  smallint,
    redo          boolean     NOT NULL DEFAULT false,
    at            timestamptz NOT NULL,
    PRIMARY KEY (city, case_no, round),
    CHECK ((how = 'judged') = (solved IS NOT NULL))
);

CREATE TABLE spot_check (
    city     text        NOT NULL,
    case_no  bigint      NOT NULL,
    n        smallint    NOT NULL,
    passed   boolean     NOT NULL,
    note     text        NOT NULL,
    staff    text        NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (city, case_no, n)
);

-- Cases that shall not count: asked for by one, settled by another; `month` is the one they would count in.
CREATE TABLE exclusion (
    city        text        NOT NULL,
    case_no     bigint      NOT NULL,
    n           smallint    NOT NULL,
    unit        text        NOT NULL,
    month       date        NOT NULL,
    cause       text        NOT NULL CHECK (cause IN ('unreasonable', 'force_majeure', 'explained')),
    reason      text        NOT NULL,
    asked_by    text        NOT NULL,
    asked_at    timestamptz NOT NULL,
    granted     boolean,
    decided_by  text,
    decided_at  timestamptz,
    note        text,
    PRIMARY KEY (city, case_no, n),
    CHECK ((granted IS NULL) = (decided_at IS NULL)),
    CHECK (decided_by <> asked_by)
);
CREATE UNIQUE INDEX exclusion_one_open ON exclusion (city, case_no) WHERE granted IS NULL;
CREATE UNIQUE INDEX exclusion_one_granted ON exclusion (city, case_no) WHERE granted;
CREATE INDEX exclusion_by_unit ON exclusion (city, month, unit) WHERE granted;

-- Figures as they were counted: each with the version of its formula, and the cases of the run with what held of
-- each, so that every figure can be traced to its cases ever after.
CREATE TABLE mark_run (
    city     text        NOT NULL,
    run_id   uuid        NOT NULL,
    since    timestamptz NOT NULL,
    until    timestamptz NOT NULL,
    made_at  timestamptz NOT NULL,
    made_by  text        NOT NULL,
    PRIMARY KEY (city, run_id)
);
CREATE INDEX mark_run_by_time ON mark_run (city, since, made_at DESC);
CREATE TABLE mark_case (
    city     text    NOT NULL,
    run_id   uuid    NOT NULL,
    case_no  bigint  NOT NULL,
    unit     text,
    adcode   text,
    mask     bigint  NOT NULL,
    PRIMARY KEY (city, run_id, case_no)
);
CREATE TABLE mark (
    city         text     NOT NULL,
    run_id       uuid     NOT NULL,
    formula      text     NOT NULL,
    version      text     NOT NULL,
    scope        text     NOT NULL CHECK (scope IN ('city', 'unit', 'county')),
    area         text     NOT NULL,
    numerator    integer  NOT NULL,
    denominator  integer  NOT NULL,
    PRIMARY KEY (city, run_id, scope, area, formula),
    CHECK (numerator BETWEEN 0 AND denominator)
);

-- Rewards for reports that proved true. Nobody's name is here: whoever holds the claim code is paid.
CREATE TABLE reward (
    city         text        NOT NULL,
    case_no      bigint      NOT NULL,
    rule         text        NOT NULL,
    fine         numeric(14,2) NOT NULL CHECK (fine > 0),
    amount       numeric(14,2) NOT NULL CHECK (amount > 0),
    document     text        NOT NULL,
    proposed_by  text        NOT NULL,
    proposed_at  timestamptz NOT NULL,
    approved_by  text,
    approved_at  timestamptz,
    code_hash    bytea,
    told_at      timestamptz,
    paid_by      text,
    paid_at      timestamptz,
    PRIMARY KEY (city, case_no),
    CHECK (approved_by <> proposed_by),
    CHECK (code_hash IS NULL OR approved_at IS NOT NULL),
    CHECK (paid_at IS NULL OR told_at IS NOT NULL)
);
CREATE UNIQUE INDEX reward_by_code ON reward (city, code_hash) WHERE code_hash IS NOT NULL;

SELECT isolate(name) FROM unnest(ARRAY['callback', 'verification', 'spot_check', 'exclusion', 'mark_run', 'mark_case',
                                       'mark', 'reward']) AS name;
SELECT isolate_from_units(name) FROM unnest(ARRAY['callback', 'verification', 'mark_case', 'reward']) AS name;
SELECT isolate_by_unit(name) FROM unnest(ARRAY['spot_check', 'exclusion']) AS name;
-- A unit sees its own figures, where there are too many cases behind one to tell who said what.
CREATE POLICY own_marks ON mark AS RESTRICTIVE FOR SELECT USING
    (coalesce(current_setting('jiesu.unit', true), '') = ''
     OR (scope = 'unit' AND area = current_setting('jiesu.unit', true) AND denominator >= 5));
-- What a citizen was asked, and that one is rewarded, is not in the history that units see.
CREATE POLICY not_of_citizens ON event AS RESTRICTIVE FOR SELECT USING
    (coalesce(current_setting('jiesu.unit', true), '') = ''
     OR NOT (verb LIKE 'case:callback:%' OR verb LIKE 'reward:%'));
CREATE POLICY not_of_citizens ON clock AS RESTRICTIVE FOR SELECT USING
    (coalesce(current_setting('jiesu.unit', true), '') = '' OR code NOT IN ('K17', 'K38'));

-- Whether there is someone to ask: of a part, whoever reported the whole.
CREATE FUNCTION may_be_called(c cases) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM identity i
                    WHERE i.city = c.city AND i.case_no = coalesce(c.parent_no, c.case_no)
                      AND NOT i.anonymous AND i.want_callback AND (i.phone IS NOT NULL OR i.wechat IS NOT NULL))
$$;

CREATE INDEX cases_closed ON cases (city, closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX cases_dispatched ON cases (city, dispatched_at) WHERE dispatched_at IS NOT NULL;
CREATE INDEX event_reworked ON event (city, case_no) WHERE verb = 'case:task:reworked';

-- What held of each case that was closed or dispatched in a stretch of time, one bit per condition; the names of the
-- bits, lowest first, are CONDITIONS in models/db/marks.py. `closing` are the codes of the clocks that promise to
-- close a case.
CREATE FUNCTION case_marks(of_city text, since timestamptz, until timestamptz, closing text[])
RETURNS TABLE (case_no bigint, unit text, adcode text, mask bigint) LANGUAGE sql STABLE AS $$
    WITH counted AS (
        SELECT c.case_no, c.lead_unit, c.adcode, c.closed_at, c.dispatched_at
          FROM cases c WHERE c.city = of_city AND c.lead_unit IS NOT NULL
           AND c.state NOT IN ('REJECTED', 'TRANSFERRED', 'MERGED')
           AND ((c.closed_at >= since AND c.closed_at < until) OR (c.dispatched_at >= since AND c.dispatched_at < until))
    ), facts AS (
        SELECT c.*, v.how, v.solved, v.satisfaction, k.contacted, k.signed, k.done, s.passed,
               NOT EXISTS (SELECT 1 FROM cases p WHERE p.city = of_city AND p.parent_no = c.case_no
                              AND p.state <> 'MERGED') AS single,
               EXISTS (SELECT 1 FROM exclusion x WHERE x.city = of_city AND x.case_no = c.case_no AND x.granted)
                   AS excluded,
               EXISTS (SELECT 1 FROM return_request r WHERE r.city = of_city AND r.case_no = c.case_no AND r.granted)
                   AS returned,
               EXISTS (SELECT 1 FROM event e WHERE e.city = of_city AND e.case_no = c.case_no
                          AND e.verb = 'case:task:reworked') AS reworked,
               EXISTS (SELECT 1 FROM case_link l WHERE l.city = of_city AND l.case_no = c.case_no
                          AND l.kind = 'repeat' AND l.undone_at IS NULL) AS repeated,
               EXISTS (SELECT 1 FROM dispute d WHERE d.city = of_city AND d.case_no = c.case_no
                          AND d.cause = 'ping_pong') AS ping_pong
          FROM counted c
          LEFT JOIN LATERAL (
               SELECT bool_and(k.stopped_at <= k.due_at) FILTER (WHERE k.stop_reason = 'case:task:contacted')
                          AS contacted,
                      bool_and(k.stopped_at <= k.due_at) FILTER (WHERE k.stop_reason = 'case:task:signed'
                          AND k.unit = c.lead_unit) AS signed,
                      bool_and(k.stopped_at <= k.due_at) FILTER (WHERE k.task_no = 0 AND k.code = ANY (closing)
                          AND k.stop_reason IN ('case:task:submitted', 'case:closed')) AS done
                 FROM clock k WHERE k.city = of_city AND k.case_no = c.case_no) k ON true
          LEFT JOIN LATERAL (
               SELECT v.how, v.solved, v.satisfaction FROM verification v
                WHERE v.city = of_city AND v.case_no = c.case_no ORDER BY v.round DESC LIMIT 1) v ON true
          LEFT JOIN LATERAL (
               SELECT s.passed FROM spot_check s
                WHERE s.city = of_city AND s.case_no = c.case_no ORDER BY s.n DESC LIMIT 1) s ON true
    )
    SELECT f.case_no, f.lead_unit, f.adcode,
           coalesce((f.closed_at >= since AND f.closed_at < until)::int::bigint, 0)
           | coalesce((f.dispatched_at >= since AND f.dispatched_at < until)::int::bigint << 1, 0)
           | (f.excluded::int::bigint << 2)
           | (f.single::int::bigint << 3)
           | ((f.single AND coalesce(f.how IN ('judged', 'unreached'), f.closed_at IS NOT NULL))::int::bigint << 4)
           | coalesce((f.how = 'judged')::int::bigint << 5, 0)
           | coalesce((f.how IN ('judged', 'unreached'))::int::bigint << 6, 0)
           | coalesce(f.solved::int::bigint << 7, 0)
           | coalesce((f.satisfaction >= 3)::int::bigint << 8, 0)
           | coalesce(f.contacted::int::bigint << 9, 0)
           | coalesce(f.signed::int::bigint << 10, 0)
           | coalesce((f.done IS NOT NULL)::int::bigint << 11, 0)
           | coalesce(f.done::int::bigint << 12, 0)
           | (f.returned::int::bigint << 13)
           | (f.reworked::int::bigint << 14)
           | (f.repeated::int::bigint << 15)
           | (f.ping_pong::int::bigint << 16)
           | coalesce((f.passed IS NOT NULL)::int::bigint << 17, 0)
           | coalesce(f.passed::int::bigint << 18, 0)
      FROM facts f
$$;
