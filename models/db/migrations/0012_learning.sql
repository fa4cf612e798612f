-- The learning loop: which readers a city's complaints were read by and why, and which corrections taught them.

-- What was done with a trained reader, one row for each city that it reads for; the reader itself is a folder.
CREATE TABLE model_release (
    city      text        NOT NULL,
    act_id    uuid        NOT NULL,
    at        timestamptz NOT NULL,
    act       text        NOT NULL CHECK (act IN ('promoted', 'refused', 'rolled_back')),
    version   text        NOT NULL,
    replaced  text        NOT NULL,  -- the reader in service before
    reason    text        NOT NULL,
    figures   jsonb       NOT NULL,
    PRIMARY KEY (city, act_id)
);
SELECT isolate('model_release');
SELECT isolate_from_units('model_release');
CREATE TRIGGER model_release_append_only BEFORE UPDATE OR DELETE ON model_release
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A set of corrections as it was given out for training: labels and digests by case number, never a text.
CREATE TABLE correction_set (
    city     text        NOT NULL,
    version  text        NOT NULL,
    made_at  timestamptz NOT NULL,
    cases    integer     NOT NULL,
    members  jsonb       NOT NULL,
    PRIMARY KEY (city, version)
);
SELECT isolate('correction_set');
SELECT isolate_from_units('correction_set');
