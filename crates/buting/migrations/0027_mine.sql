-- What somebody has in hand, also of one state: found and counted without a look at
-- the appeals themselves. An appeal that nobody handles is in neither.

DROP INDEX appeal_handler;
CREATE INDEX appeal_handler ON appeal (zone_id, handler_id, open, due_key, id) WHERE handler_id IS NOT NULL;
CREATE INDEX appeal_mine ON appeal (zone_id, handler_id, status, open, due_key, id) WHERE handler_id IS NOT NULL;
