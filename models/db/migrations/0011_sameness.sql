-- Sameness: what each case is compared by with the others of its days and place. Narrow rows, so that the cases of a
-- county over three days are read in milliseconds; everything else about a case is looked up for the few that remain.

CREATE TABLE sketch (
    city         text        NOT NULL,
    case_no      bigint      NOT NULL,
    maker        text        NOT NULL,  -- what made `bits`, by name and version: only bits of one maker compare
    bits         bit(512)    NOT NULL,  -- which side of 512 fixed planes the text's vector lies on
    names        text[]      NOT NULL,  -- what the text names: r: road, e: estate, v: village, w: water, s: business
    levels       integer     NOT NULL,  -- first levels of its types, one bit a letter from A
    adcode       text        NOT NULL,  -- county, empty when unknown; follows corrections
    received_at  timestamptz NOT NULL,
    lon          double precision,      -- WGS-84
    lat          double precision,
    cell         bigint,                -- of models.geo, about 300 m wide
    PRIMARY KEY (city, case_no)
);
CREATE INDEX sketch_by_county ON sketch (city, adcode, received_at);
CREATE INDEX sketch_by_cell ON sketch (city, cell, received_at) WHERE cell IS NOT NULL;
SELECT isolate('sketch');
SELECT isolate_from_units('sketch');

CREATE INDEX identity_by_wechat ON identity (city, wechat_index) WHERE wechat_index IS NOT NULL;
