-- Merging lets nobody off being asked (domain section 3.7.7): the cases merged into a closed one whose reporters are
-- still to be asked about its present closing; what put it back to work was of an earlier one. Who reported both is
-- asked once, about the one that answers.
CREATE FUNCTION merged_to_ask(c cases) RETURNS SETOF cases LANGUAGE sql STABLE AS $$
    SELECT m.* FROM cases m
     WHERE m.city = c.city AND m.merged_into = c.case_no AND m.state = 'MERGED' AND m.parent_no IS NULL
       AND may_be_called(m)
       AND NOT EXISTS (SELECT 1 FROM verification v
                        WHERE v.city = m.city AND v.case_no = m.case_no AND v.at >= c.closed_at
                          AND NOT v.redo)
       AND NOT EXISTS (SELECT 1 FROM identity a JOIN identity b ON b.city = a.city AND b.case_no = c.case_no
                          AND (b.phone_index = a.phone_index OR b.wechat_index = a.wechat_index)
                        WHERE a.city = m.city AND a.case_no = m.case_no)
$$;
