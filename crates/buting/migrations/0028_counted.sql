-- What somebody has in hand is counted from the index alone: with what decides
-- whether he may know of it.

DROP INDEX appeal_mine;
CREATE INDEX appeal_mine ON appeal
  (zone_id, handler_id, status, open, due_key, id, registered_at, accused_department_id) WHERE handler_id IS NOT NULL;
