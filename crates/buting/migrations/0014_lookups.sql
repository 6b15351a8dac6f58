-- Whom a change concerns is asked in almost every action: by enterprise or by project.
CREATE INDEX person_project ON person (zone_id, project_id) WHERE project_id IS NOT NULL;
-- Whether a department has an order in an appeal is asked for every line of a list.
CREATE INDEX work_order_of ON work_order (zone_id, appeal_id, department_id);
