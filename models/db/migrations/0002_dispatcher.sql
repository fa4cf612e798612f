-- What later parts of a case's life need of the case itself, and isolation for tables that come after the foundation.

ALTER TABLE cases DROP CONSTRAINT cases_state_check;
ALTER TABLE cases ADD CONSTRAINT cases_state_check CHECK (state IN
    ('NEW', 'SCREEN', 'REJECTED', 'TRANSFERRED', 'MERGED', 'ACCEPTED', 'DISPATCHED', 'IN_PROGRESS', 'SUBMITTED',
     'CLOSED', 'ARCHIVED'));
ALTER TABLE cases
    ADD COLUMN parent_no     bigint,       -- the case it was split from
    ADD COLUMN merged_into   bigint,       -- the case that answers for it
    ADD COLUMN suspended_at  timestamptz,  -- since when its clocks stand still by approval
    ADD COLUMN archived_at   timestamptz,
    ADD COLUMN level         smallint NOT NULL DEFAULT 0,   -- how often it was raised a level
    ADD COLUMN key_reasons   text[]   NOT NULL DEFAULT '{}', -- why it is a key complaint (重点件)
    ADD COLUMN leader        text;         -- the official who took it on by name (包案领导)
CREATE INDEX cases_by_parent ON cases (city, parent_no) WHERE parent_no IS NOT NULL;
CREATE INDEX cases_by_merged ON cases (city, merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX cases_key ON cases (city, case_no DESC) WHERE key_reasons <> '{}';

-- Keep the rows of a table to their city. Call it for every table made after the foundation.
CREATE FUNCTION isolate(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY by_city ON %I USING (in_scope(city))', name);
END $$;

-- And to the units that have a part in the row's case; for tables with a `case_no`.
CREATE FUNCTION isolate_by_unit(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE POLICY by_unit ON %1$I AS RESTRICTIVE FOR SELECT USING ('
        'coalesce(current_setting(''jiesu.unit'', true), '''') = '''' OR EXISTS (SELECT 1 FROM task t '
        'WHERE t.city = %1$I.city AND t.case_no = %1$I.case_no AND t.unit = current_setting(''jiesu.unit'', true) '
        'AND t.state NOT IN (''RETURNED'', ''WITHDRAWN'')))', name);
END $$;

-- And away from every connection that is scoped to a unit.
CREATE FUNCTION isolate_from_units(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE POLICY no_unit ON %I AS RESTRICTIVE FOR SELECT USING '
                   '(coalesce(current_setting(''jiesu.unit'', true), '''') = '''')', name);
END $$;
