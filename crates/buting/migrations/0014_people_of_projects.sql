-- Whom a change concerns is asked in almost every action: by enterprise or by project.
CREATE INDEX person_project ON person (zone_id, project_id) WHERE project_id IS NOT NULL;
