-- The words that find a case stand apart from it: a case is written many times on its way, its words once, and every
-- version of a row that holds them would be indexed anew.

CREATE TABLE case_search (
    city     text     NOT NULL,
    case_no  bigint   NOT NULL,
    words    tsvector NOT NULL,
    PRIMARY KEY (city, case_no)
);
INSERT INTO case_search (city, case_no, words) SELECT city, case_no, search FROM cases WHERE search IS NOT NULL;
CREATE INDEX case_search_words ON case_search USING gin (words);
DROP INDEX cases_search;
ALTER TABLE cases DROP COLUMN search;
SELECT isolate('case_search'), isolate_by_unit('case_search'), isolate_restricted('case_search');
