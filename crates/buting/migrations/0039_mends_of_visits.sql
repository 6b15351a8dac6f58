-- What a planner has open, and what is over the bound, are found without reading every
-- plan that was ever made; so is what somebody brought of files within a day.
CREATE INDEX visit_plan_planner ON visit_plan (zone_id, planned_by, planned_at)
  WHERE state IN ('proposed', 'agreed', 'countered');
CREATE INDEX visit_plan_open ON visit_plan (zone_id, planned_at) WHERE state IN ('proposed', 'agreed', 'countered');
CREATE INDEX visit_plan_over_cap ON visit_plan (zone_id, planned_at) WHERE over_cap;
CREATE INDEX attachment_brought ON attachment (zone_id, uploaded_by, uploaded_at);

-- The name of a file goes with the file; notices kept it.
UPDATE notice SET args = '{}' WHERE kind = 'attachment.quarantined';
