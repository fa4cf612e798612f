-- How cases belong together: split from, merged into, said again, related. A link that no longer holds stays, with
-- who undid it and why.
CREATE TABLE case_link (
    city          text        NOT NULL,
    link_id       uuid        NOT NULL,
    case_no       bigint      NOT NULL,  -- the part, the merged one, the repetition
    other_no      bigint      NOT NULL,  -- the parent, the main one, the earlier one
    kind          text        NOT NULL CHECK (kind IN ('split', 'merge', 'repeat', 'related')),
    reason        text        NOT NULL,
    made_by       text        NOT NULL,
    made_at       timestamptz NOT NULL,
    undone_by     text,
    undone_at     timestamptz,
    undone_reason text,
    PRIMARY KEY (city, link_id),
    CHECK (case_no <> other_no),
    CHECK ((undone_at IS NULL) = (undone_by IS NULL))
);
CREATE INDEX case_link_by_case ON case_link (city, case_no);
CREATE INDEX case_link_by_other ON case_link (city, other_no);
-- A case answers to one other at a time.
CREATE UNIQUE INDEX case_link_one ON case_link (city, case_no)
    WHERE kind IN ('split', 'merge') AND undone_at IS NULL;
CREATE UNIQUE INDEX case_link_same ON case_link (city, case_no, other_no, kind) WHERE undone_at IS NULL;
SELECT isolate('case_link');
SELECT isolate_by_unit('case_link');
