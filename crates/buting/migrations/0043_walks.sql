-- What is open is counted from the index alone: with what decides whether somebody
-- may know of it.

DROP INDEX appeal_open;
CREATE INDEX appeal_open ON appeal
  (zone_id, due_key, id, open, registered_at, created_by, accused_department_id) WHERE open;

-- Staff and partners are listed without walking over the contacts of enterprises.
CREATE INDEX person_staff ON person (zone_id, position, id) WHERE department_id IS NOT NULL;

-- What runs under a disruption turns its hours with it.
CREATE INDEX appeal_disruption ON appeal (zone_id, disruption_id) WHERE disruption_id IS NOT NULL;
