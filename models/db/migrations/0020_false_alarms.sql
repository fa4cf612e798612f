-- What was taken for an emergency and was none is lifted as a false alarm; one of a restricted case is seen by whom the
-- case is.
ALTER TABLE emergency ADD COLUMN false_alarm boolean NOT NULL DEFAULT false;
SELECT isolate_restricted(name, 'emergency_no')
  FROM unnest(ARRAY['emergency', 'emergency_case', 'emergency_call', 'emergency_notice',
                    'emergency_report']) AS name;
