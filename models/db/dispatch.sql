-- Dispatching in batches: decided cases go out with their tasks, the others to the desk with reasons.

-- name: dispatch
-- Accept and dispatch cases that are still in the routing queue as they were read: $2 case, $3 revision read,
-- $4 urgency, $5 county, $6 township, $7 zone, $8 lead unit, $9 decision; $10 is the moment.
UPDATE cases c SET state = 'DISPATCHED', queue = NULL, urgency = i.urgency, adcode = i.adcode, township = i.township,
       zone = i.zone, lead_unit = i.lead_unit, decision = i.decision, accepted_at = $10, dispatched_at = $10,
       attempts = 0, claimed_until = NULL, error = NULL, revision = c.revision + 1
  FROM unnest($2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[])
    AS i (case_no, revision, urgency, adcode, township, zone, lead_unit, decision)
 WHERE c.city = $1 AND c.case_no = i.case_no AND c.revision = i.revision AND c.queue = 'route'
RETURNING c.case_no;

-- name: to_review
-- Send cases that a person must decide to the desk: $2 case, $3 revision read, $4 urgency, $5 decision,
-- $6 reasons as array literals, laid over those the case has.
UPDATE cases c SET queue = 'review', urgency = i.urgency, decision = i.decision,
       review_reasons = ARRAY(SELECT DISTINCT r FROM unnest(c.review_reasons || i.reasons::text[]) AS r ORDER BY r),
       attempts = 0, claimed_until = NULL, error = NULL, revision = c.revision + 1
  FROM unnest($2::bigint[], $3::integer[], $4::text[], $5::jsonb[], $6::text[])
    AS i (case_no, revision, urgency, decision, reasons)
 WHERE c.city = $1 AND c.case_no = i.case_no AND c.revision = i.revision AND c.queue = 'route'
RETURNING c.case_no;

-- name: add_tasks
-- Give out tasks: $2 case, $3 task, $4 unit, $5 role, $6 whether it leads; $7 is the moment.
INSERT INTO task (city, case_no, task_no, unit, role, is_lead, dispatched_at)
SELECT $1, i.case_no, i.task_no, i.unit, i.role, i.is_lead, $7
  FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::boolean[])
    AS i (case_no, task_no, unit, role, is_lead);
