-- One index for all queues, used whichever queue is asked for.

CREATE INDEX cases_queued ON cases (city, queue, case_no) WHERE queue IS NOT NULL;
DROP INDEX cases_to_tag, cases_to_route;
