-- What the platform that delivered a report calls it: codes and names of its own, in the order it gave them.

ALTER TABLE cases ADD COLUMN source_category text[] NOT NULL DEFAULT '{}';
