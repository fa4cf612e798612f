-- Clocks that can be counted again, that stand still and that are prolonged: never moved without a recorded cause.

ALTER TABLE clock
    ADD COLUMN basis       jsonb,     -- what the deadline was counted from and what moved it since
    ADD COLUMN counted_by  text,      -- the version of the calendar that counted it; none where no calendar matters
    ADD COLUMN cause       uuid,      -- the event that says why `due_at` was moved last
    ADD COLUMN desk        boolean  NOT NULL DEFAULT false,  -- the desk's own, whoever leads the case
    ADD COLUMN raised      smallint NOT NULL DEFAULT 0;      -- how many days of being overdue were noted
CREATE INDEX clock_counted ON clock (city, counted_by) WHERE stopped_at IS NULL AND counted_by IS NOT NULL;

CREATE FUNCTION refuse_silent_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM event e WHERE e.city = NEW.city AND e.event_id = NEW.cause
                      AND e.case_no = NEW.case_no AND e.verb = 'clock:recounted') THEN
        RAISE EXCEPTION 'clock % of case % moves without a recorded cause', NEW.code, NEW.case_no
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER clock_moves_with_cause BEFORE UPDATE OF due_at ON clock FOR EACH ROW
    WHEN (NEW.due_at IS DISTINCT FROM OLD.due_at) EXECUTE FUNCTION refuse_silent_move();

-- Requests to let the clocks of a case stand still, and what came of them; at most one waits, at most one holds.
CREATE TABLE suspension (
    city        text        NOT NULL,
    case_no     bigint      NOT NULL,
    n           smallint    NOT NULL,
    reason      text        NOT NULL,  -- a code of the pauses
    ends_when   text        NOT NULL,  -- the condition under which it ends
    state       text        NOT NULL CHECK (state IN ('requested', 'granted', 'denied', 'over')),
    asked_at    timestamptz NOT NULL,
    asked_by    text        NOT NULL,
    unit        text,
    days        smallint,              -- natural days wanted
    decided_at  timestamptz,
    decided_by  text,
    note        text,
    until       timestamptz,           -- when it ends by itself
    over_at     timestamptz,
    over_why    text,                  -- resumed, lapsed, given, prolonged or closed
    PRIMARY KEY (city, case_no, n)
);
CREATE UNIQUE INDEX suspension_waits ON suspension (city, case_no) WHERE state = 'requested';
CREATE UNIQUE INDEX suspension_holds ON suspension (city, case_no) WHERE state = 'granted';
CREATE INDEX suspension_until ON suspension (city, until) WHERE state = 'granted';

-- Requests to prolong a promise, and what came of them; at most one waits.
CREATE TABLE extension (
    city        text        NOT NULL,
    case_no     bigint      NOT NULL,
    n           smallint    NOT NULL,
    code        text        NOT NULL,  -- the clock
    span_n      smallint    NOT NULL,
    span_unit   text        NOT NULL,
    reason      text        NOT NULL,
    told        text        NOT NULL,  -- how the citizen was told
    state       text        NOT NULL CHECK (state IN ('requested', 'granted', 'denied')),
    asked_at    timestamptz NOT NULL,
    asked_by    text        NOT NULL,
    unit        text        NOT NULL,
    due_before  timestamptz NOT NULL,
    decided_at  timestamptz,
    decided_by  text,
    note        text,
    due_after   timestamptz,
    PRIMARY KEY (city, case_no, n)
);
CREATE UNIQUE INDEX extension_waits ON extension (city, case_no) WHERE state = 'requested';

SELECT isolate('suspension'), isolate('extension');
SELECT isolate_by_unit('suspension'), isolate_by_unit('extension');
