-- Releases of a city's catalogue: drafted, tried on past cases, published, rolled back; and who was told of what.

-- The whole of a release, national rules and clocks included, under the version that its decisions carry.
CREATE TABLE catalogue_release (
    city     text        NOT NULL CHECK (city ~ '^[0-9]{6}$'),
    version  text        NOT NULL,
    content  jsonb       NOT NULL,
    kept_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (city, version)
);

-- A proposed release. `report` is what trying it on past cases showed, of which release in force.
CREATE TABLE catalogue_draft (
    city          text        NOT NULL,
    draft_no      integer     NOT NULL,
    version       text        NOT NULL,
    based_on      text        NOT NULL,
    made_at       timestamptz NOT NULL,
    made_by       text        NOT NULL,
    why           text        NOT NULL CHECK (length(why) >= 2),
    report        jsonb,
    simulated_at  timestamptz,
    PRIMARY KEY (city, draft_no),
    FOREIGN KEY (city, version) REFERENCES catalogue_release (city, version)
);

-- Which release has been in force since when, by whom and why: the last row is the one in force.
CREATE TABLE catalogue_publication (
    city      text        NOT NULL,
    n         integer     NOT NULL,
    version   text        NOT NULL,
    action    text        NOT NULL CHECK (action IN ('installed', 'published', 'rolled_back')),
    draft_no  integer,
    at        timestamptz NOT NULL,
    by        text        NOT NULL,
    why       text        NOT NULL,
    PRIMARY KEY (city, n),
    FOREIGN KEY (city, version) REFERENCES catalogue_release (city, version)
);
CREATE TRIGGER catalogue_publication_append_only BEFORE UPDATE OR DELETE ON catalogue_publication
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER catalogue_release_append_only BEFORE UPDATE OR DELETE ON catalogue_release
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- One row per city that who decides shares and who publishes takes: a decision is of one release, the one in force.
CREATE TABLE catalogue_current (
    city     text    NOT NULL PRIMARY KEY,
    n        integer NOT NULL,
    version  text    NOT NULL
);

-- Copies to chiefs of waters and forests: told, without a part in the case.
CREATE TABLE case_copy (
    city     text        NOT NULL,
    case_no  bigint      NOT NULL,
    unit     text        NOT NULL,
    place    text        NOT NULL,
    title    text        NOT NULL,
    sent_at  timestamptz NOT NULL,
    PRIMARY KEY (city, case_no, unit, place)
);
CREATE INDEX case_copy_by_unit ON case_copy (city, unit, case_no DESC);

SELECT isolate('catalogue_release');
SELECT isolate('catalogue_draft');
SELECT isolate('catalogue_publication');
SELECT isolate('catalogue_current');
SELECT isolate('case_copy');
SELECT isolate_from_units('catalogue_draft');
SELECT isolate_from_units('catalogue_publication');
CREATE POLICY own_copy ON case_copy AS RESTRICTIVE FOR SELECT USING
    (coalesce(current_setting('jiesu.unit', true), '') IN ('', unit));

-- The day of the facts, where a person has found it out: it chooses the law.
ALTER TABLE cases ADD COLUMN happened_on date;
