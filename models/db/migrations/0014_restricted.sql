-- Restricted cases (保密件): only persons admitted by name see one, everybody else as little as of a case that is not
-- there. Row-level security does it for every table that has a `case_no`; the program itself reads as nobody and sees all.
ALTER TABLE cases ADD COLUMN restricted boolean NOT NULL DEFAULT false;

-- Which cases are restricted, since when, why and by whom; a lifted one stays as history.
CREATE TABLE restriction (
    city       text        NOT NULL,
    case_no    bigint      NOT NULL,
    since      timestamptz NOT NULL,
    rule       text        NOT NULL,  -- of models/data/secrecy.toml; 'person' where somebody decided it
    reason     text        NOT NULL,
    made_by    text        NOT NULL,
    lifted_at  timestamptz,
    lifted_by  text,
    PRIMARY KEY (city, case_no, since),
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL))
);
CREATE UNIQUE INDEX restriction_in_force ON restriction (city, case_no) WHERE lifted_at IS NULL;

-- Who may see a restricted case, from when to when: on the desk's side or the lead unit's.
CREATE TABLE admission (
    city         text        NOT NULL,
    case_no      bigint      NOT NULL,
    side         text        NOT NULL CHECK (side IN ('desk', 'unit')),
    staff        text        NOT NULL,
    unit         text,
    from_at      timestamptz NOT NULL,
    admitted_by  text        NOT NULL,
    reason       text        NOT NULL,
    until_at     timestamptz,
    PRIMARY KEY (city, case_no, side, staff, from_at),
    CHECK ((side = 'unit') = (unit IS NOT NULL))
);
CREATE UNIQUE INDEX admission_in_force ON admission (city, case_no, staff) WHERE until_at IS NULL;
CREATE INDEX admission_by_staff ON admission (city, staff, case_no) WHERE until_at IS NULL;

-- Every look at a restricted case, written before it is shown.
CREATE TABLE restricted_access (
    city       text        NOT NULL,
    access_id  uuid        NOT NULL,
    case_no    bigint      NOT NULL,
    staff      text        NOT NULL,
    what       text        NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (city, access_id)
);
CREATE INDEX restricted_access_by_case ON restricted_access (city, case_no, at);
CREATE TRIGGER restricted_access_append_only BEFORE UPDATE OR DELETE ON restricted_access
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

SELECT isolate('restriction'), isolate('admission'), isolate('restricted_access');
SELECT isolate_from_units('restricted_access');

-- Keep the rows of restricted cases from staff who are not admitted (`jiesu.person`, an account of the city). Call it
-- for every table with a case's number in `col`. The planner looks a few rows up one by one and for many makes the list
-- once. Where nobody in particular reads nothing is looked up: that comes first, as an equation, since the planner takes
-- one with nothing known for rarely true, and so leaves its estimates alone.
CREATE FUNCTION isolate_restricted(name text, col text DEFAULT 'case_no') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE POLICY %1$I ON %2$I AS RESTRICTIVE FOR SELECT USING (NOT ('
        'least(length(coalesce(current_setting(''jiesu.person'', true), '''')), 1) = 1 '
        'AND EXISTS (SELECT 1 FROM restriction r WHERE r.city = %2$I.city AND r.case_no = %2$I.%3$I '
        'AND r.lifted_at IS NULL AND NOT EXISTS (SELECT 1 FROM admission a WHERE a.city = r.city '
        'AND a.case_no = r.case_no AND a.staff = current_setting(''jiesu.person'', true) '
        'AND a.until_at IS NULL))))', 'closed_' || col, name, col);
END $$;

SELECT isolate_restricted(c.table_name, c.column_name)
  FROM information_schema.columns c JOIN pg_tables t
    ON t.schemaname = c.table_schema AND t.tablename = c.table_name
 WHERE c.table_schema = current_schema() AND c.column_name IN ('case_no', 'other_no')
   AND c.table_name NOT IN ('restriction', 'admission');
