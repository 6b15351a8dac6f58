-- The day on which a waiting appeal reminds by itself.

ALTER TABLE appeal ADD COLUMN remind_on text;
CREATE INDEX appeal_remind ON appeal (zone_id, remind_on) WHERE remind_on IS NOT NULL;
UPDATE appeal SET remind_on = review_on WHERE status = 'long_term';
UPDATE appeal SET remind_on = suspend_until WHERE status = 'suspended';
UPDATE appeal SET remind_on = planned_for WHERE status = 'planned';
