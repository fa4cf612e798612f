-- The grid of a city (网格化监管, F23): its tree from the city down to the community, who works in it, and what its
-- workers are asked to verify on the spot before or while a unit works.

CREATE TABLE grid (
    city         text        NOT NULL,
    code         text        NOT NULL,
    name         text        NOT NULL,
    level        smallint    NOT NULL CHECK (level BETWEEN 1 AND 4),  -- city, county, township, community
    parent       text,
    grade        text        NOT NULL CHECK (grade IN ('special', 'key', 'general')),  -- of responsibility (责任等级)
    active       boolean     NOT NULL DEFAULT true,
    imported_at  timestamptz NOT NULL,
    PRIMARY KEY (city, code),
    FOREIGN KEY (city, parent) REFERENCES grid (city, code),
    CHECK ((level = 1) = (parent IS NULL))
);
CREATE INDEX grid_by_parent ON grid (city, parent, code);
-- One root: whatever is not of the city's tree belongs to no grid.
CREATE UNIQUE INDEX grid_one_root ON grid (city) WHERE level = 1 AND active;
SELECT isolate('grid');

-- Whoever works in a grid is staff of that grid and of no unit.
ALTER TABLE staff ADD COLUMN grid text;
ALTER TABLE staff DROP CONSTRAINT staff_role_check;
ALTER TABLE staff ADD CONSTRAINT staff_role_check
    CHECK (role IN ('operator', 'unit', 'supervisor', 'admin', 'grid'));
ALTER TABLE staff ADD CONSTRAINT staff_grid_check CHECK ((role = 'grid') = (grid IS NOT NULL));
ALTER TABLE staff ADD FOREIGN KEY (city, grid) REFERENCES grid (city, code);
CREATE INDEX staff_by_grid ON staff (city, grid) WHERE grid IS NOT NULL AND active;

-- What a grid was asked to verify: all that its worker is told of a case stands here, so that no worker needs the case.
CREATE TABLE grid_check (
    city         text        NOT NULL,
    case_no      bigint      NOT NULL,
    n            smallint    NOT NULL,
    grid         text        NOT NULL,
    state        text        NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'reported', 'withdrawn', 'lapsed')),
    asked_at     timestamptz NOT NULL,
    asked_by     text        NOT NULL,
    asked_unit   text,                     -- NULL: the desk
    place        text        NOT NULL,
    what         text        NOT NULL,
    types        text[]      NOT NULL,
    unannounced  boolean     NOT NULL,     -- whoever is looked at must not be told before
    due_at       timestamptz NOT NULL,
    ended_at     timestamptz,
    ended_by     text,
    reason       text,                     -- why it was withdrawn
    result       text        CHECK (result IN ('true', 'not_true', 'gone', 'unverifiable')),
    finding      text,
    found_at     timestamptz,
    lon          double precision,         -- as the device gave it, in `datum`
    lat          double precision,
    datum        text        CHECK (datum IN ('WGS-84', 'GCJ-02', 'BD-09')),
    photos       text[]      NOT NULL DEFAULT '{}',  -- SHA-256 of each, in hex
    late         boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (city, case_no, n),
    FOREIGN KEY (city, grid) REFERENCES grid (city, code),
    CHECK ((state = 'asked') = (ended_at IS NULL)),
    CHECK ((state = 'reported') = (result IS NOT NULL)),
    CHECK (result IS NULL OR (finding IS NOT NULL AND found_at IS NOT NULL)),
    CHECK (num_nulls(lon, lat, datum) IN (0, 3))
);
-- One at a time: a case has one clock for it.
CREATE UNIQUE INDEX grid_check_one_open ON grid_check (city, case_no) WHERE state = 'asked';
CREATE INDEX grid_check_open ON grid_check (city, due_at) WHERE state = 'asked';
CREATE INDEX grid_check_by_grid ON grid_check (city, grid, asked_at DESC);

SELECT isolate('grid_check');
-- A unit sees the checks of cases in which it has a part; a grid's worker, whose connection names the grid in the
-- unit's place ('grid:<code>', which no unit is called), those of that grid and nothing else of any case.
CREATE POLICY by_part ON grid_check AS RESTRICTIVE FOR SELECT USING (
    coalesce(current_setting('jiesu.unit', true), '') IN ('', 'grid:' || grid)
    OR EXISTS (SELECT 1 FROM task t WHERE t.city = grid_check.city AND t.case_no = grid_check.case_no
                  AND t.unit = current_setting('jiesu.unit', true) AND t.state NOT IN ('RETURNED', 'WITHDRAWN')));
