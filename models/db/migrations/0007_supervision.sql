-- Supervision: alarms that reach people, orders, the ledger of tracked cases, letters that press, key complaints.

-- Which alarms were brought to people, and which breaches were followed by an order. What is older stays as it was.
ALTER TABLE clock_alarm
    ADD COLUMN escalated_at timestamptz,
    ADD COLUMN acted_at     timestamptz;
UPDATE clock_alarm SET escalated_at = at, acted_at = at;
-- What no unit has yet comes first.
CREATE INDEX clock_alarm_to_escalate ON clock_alarm (city, (unit IS NOT NULL), at) WHERE escalated_at IS NULL;
CREATE INDEX clock_alarm_to_act ON clock_alarm (city, at) WHERE level = 'breach' AND acted_at IS NULL;

-- Who was told of an alarm: once for each clock, attempt and level. `rung` only rises with the level.
CREATE TABLE escalation (
    city      text        NOT NULL,
    case_no   bigint      NOT NULL,
    task_no   smallint    NOT NULL,
    code      text        NOT NULL,
    attempt   smallint    NOT NULL,
    level     text        NOT NULL,
    unit      text,                  -- whose clock it is; none: the desk's
    rung      smallint    NOT NULL,
    to_unit   text,
    to_post   text        NOT NULL,
    made_at   timestamptz NOT NULL,
    PRIMARY KEY (city, case_no, task_no, code, attempt, level)
);
CREATE INDEX escalation_recent ON escalation (city, made_at DESC);

-- What someone in a post of a unit (none: the supervisors) is to read; `about` lets each thing be told once.
CREATE TABLE notice (
    city       text        NOT NULL,
    notice_id  uuid        NOT NULL,
    case_no    bigint      NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('warn', 'breach', 'overdue', 'order', 'document', 'key')),
    about      text        NOT NULL,
    to_unit    text,
    to_post    text        NOT NULL,
    title      text        NOT NULL,
    body       text        NOT NULL,
    made_at    timestamptz NOT NULL,
    read_at    timestamptz,
    read_by    text,
    PRIMARY KEY (city, notice_id),
    UNIQUE (city, about)
);
CREATE INDEX notice_unread ON notice (city, to_unit, notice_id) WHERE read_at IS NULL;
CREATE INDEX notice_by_case ON notice (city, case_no);

-- Orders: 催办 (urge), 一般督办 (general), 重点督办 (key). A case has one open order; a graver one takes its place.
CREATE TABLE supervision_order (
    city         text        NOT NULL,
    case_no      bigint      NOT NULL,
    n            smallint    NOT NULL,
    grade        text        NOT NULL CHECK (grade IN ('urge', 'general', 'key')),
    unit         text,
    demand       text        NOT NULL,
    ordered_at   timestamptz NOT NULL,
    ordered_by   text        NOT NULL,
    due_at       timestamptz NOT NULL,
    answered_at  timestamptz,
    answered_by  text,
    answer       text,
    ended_at     timestamptz,
    ended_by     text,
    ended_why    text,
    PRIMARY KEY (city, case_no, n),
    CHECK ((ended_at IS NULL) = (ended_why IS NULL))
);
CREATE UNIQUE INDEX supervision_order_one ON supervision_order (city, case_no) WHERE ended_at IS NULL;
CREATE INDEX supervision_order_open ON supervision_order (city, due_at) WHERE ended_at IS NULL;

-- The ledger (挂账): a case in it is neither closed nor archived until someone releases it with evidence.
CREATE TABLE ledger_entry (
    city         text        NOT NULL,
    case_no      bigint      NOT NULL,
    n            smallint    NOT NULL,
    conditions   text        NOT NULL,
    keeper       text        NOT NULL,  -- who keeps an eye on it (盯办人)
    opened_at    timestamptz NOT NULL,
    opened_by    text        NOT NULL,
    released_at  timestamptz,
    released_by  text,
    evidence     uuid[],
    note         text,
    PRIMARY KEY (city, case_no, n),
    CHECK (released_at IS NULL OR (released_by <> '' AND cardinality(evidence) > 0 AND note <> ''))
);
CREATE UNIQUE INDEX ledger_entry_one ON ledger_entry (city, case_no) WHERE released_at IS NULL;
CREATE INDEX ledger_entry_open ON ledger_entry (city, opened_at) WHERE released_at IS NULL;

CREATE FUNCTION refuse_ledgered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ledger_entry l WHERE l.city = NEW.city AND l.case_no = NEW.case_no
                  AND l.released_at IS NULL) THEN
        RAISE EXCEPTION 'case % is in the ledger', NEW.case_no USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledgered_is_not_archived BEFORE UPDATE OF state ON cases FOR EACH ROW
    WHEN (NEW.state = 'ARCHIVED' AND OLD.state <> 'ARCHIVED') EXECUTE FUNCTION refuse_ledgered();

-- Letters that press a unit: 提醒, 约谈, 通报, each with its number, digest and receipt.
CREATE TABLE press_document (
    city         text        NOT NULL,
    document_id  uuid        NOT NULL,
    case_no      bigint      NOT NULL,
    number       text        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('remind', 'interview', 'notice')),
    to_unit      text        NOT NULL,
    title        text        NOT NULL,
    body         text        NOT NULL,
    sha256       text        NOT NULL,
    skip_reason  text,
    issued_at    timestamptz NOT NULL,
    issued_by    text        NOT NULL,
    received_at  timestamptz,
    received_by  text,
    PRIMARY KEY (city, document_id),
    UNIQUE (city, number),
    UNIQUE (city, case_no, to_unit, kind)
);
CREATE INDEX press_document_waiting ON press_document (city, issued_at) WHERE received_at IS NULL;
CREATE TABLE press_counter (
    city  text     NOT NULL,
    kind  text     NOT NULL,
    year  smallint NOT NULL,
    n     integer  NOT NULL,
    PRIMARY KEY (city, kind, year)
);

-- Units that did not report progress in time (通报名单), until a 通报 names them or a supervisor strikes them.
CREATE TABLE name_list (
    city        text        NOT NULL,
    case_no     bigint      NOT NULL,
    code        text        NOT NULL,
    attempt     smallint    NOT NULL,
    unit        text,
    listed_at   timestamptz NOT NULL,
    cleared_at  timestamptz,
    cleared_by  text,
    PRIMARY KEY (city, case_no, code, attempt)
);
CREATE INDEX name_list_open ON name_list (city, listed_at) WHERE cleared_at IS NULL;

-- Cases that may be key complaints or that a key complaint's unit has got: looked at one by one.
CREATE TABLE key_check (
    city      text   NOT NULL,
    check_id  bigint GENERATED ALWAYS AS IDENTITY,
    case_no   bigint NOT NULL,
    PRIMARY KEY (city, check_id)
);
CREATE FUNCTION ask_key_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO key_check (city, case_no) VALUES (NEW.city, NEW.case_no);
    RETURN NULL;
END $$;
CREATE TRIGGER case_may_be_key AFTER UPDATE OF state, lead_unit ON cases FOR EACH ROW
    WHEN (NEW.state = 'DISPATCHED' AND (OLD.state <> 'DISPATCHED' OR OLD.lead_unit IS DISTINCT FROM NEW.lead_unit)
          AND (NEW.key_reasons <> '{}' OR NEW.tags -> 'flags'
               ?| ARRAY['group', 'place:school', 'place:hospital', 'place:source_water']))
    EXECUTE FUNCTION ask_key_check();
CREATE TRIGGER repeated_may_be_key AFTER INSERT ON case_link FOR EACH ROW
    WHEN (NEW.kind IN ('repeat', 'merge')) EXECUTE FUNCTION ask_key_check();

SELECT isolate(name) FROM unnest(ARRAY['escalation', 'notice', 'supervision_order', 'ledger_entry', 'press_document',
                                       'press_counter', 'name_list', 'key_check']) AS name;
SELECT isolate_by_unit(name) FROM unnest(ARRAY['supervision_order', 'ledger_entry', 'name_list']) AS name;
SELECT isolate_from_units('escalation');
CREATE POLICY own_notices ON notice AS RESTRICTIVE FOR SELECT USING
    (coalesce(current_setting('jiesu.unit', true), '') = ''
     OR (to_unit = current_setting('jiesu.unit', true) AND NOT complained_of(city, case_no)));
CREATE POLICY own_documents ON press_document AS RESTRICTIVE FOR SELECT USING
    (coalesce(current_setting('jiesu.unit', true), '') = ''
     OR (to_unit = current_setting('jiesu.unit', true) AND NOT complained_of(city, case_no)));
