-- 走访记录: who of the enterprise confirmed it, by link too; the look of a second pair
-- of eyes (review); who sees to a hazard; what was reminded of.

-- Raising the serial makes old links and codes of the record worthless.
ALTER TABLE visit ADD COLUMN link_serial bigint NOT NULL DEFAULT 1;
-- The name of whoever confirmed, as he gave it.
ALTER TABLE visit ADD COLUMN ack_name text;
-- draft, submitted, returned, reviewed; none where the zone does not review.
ALTER TABLE visit ADD COLUMN review_state text;
ALTER TABLE visit ADD COLUMN reviewed_at bigint;
ALTER TABLE visit ADD COLUMN reviewed_by uuid;
ALTER TABLE visit ADD COLUMN review_note text;
CREATE INDEX visit_review ON visit (zone_id, review_state) WHERE review_state IS NOT NULL AND review_state <> 'reviewed';

-- A hazard has an owner. What did not hold when it was looked at again is followed by
-- another with a new day. What was asked for and no longer is, is withdrawn with a reason
-- (check_note). remind_step: 0 nothing was said, 1 that it is due soon, 2 that it is over.
ALTER TABLE visit_item ADD COLUMN owner_id uuid;
ALTER TABLE visit_item ADD COLUMN follows_id uuid;
ALTER TABLE visit_item ADD COLUMN withdrawn_at bigint;
ALTER TABLE visit_item ADD COLUMN remind_step bigint NOT NULL DEFAULT 0;
CREATE INDEX visit_item_owner ON visit_item (zone_id, owner_id) WHERE owner_id IS NOT NULL AND checked_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX visit_item_due ON visit_item (zone_id, due_at) WHERE checked_at IS NULL AND withdrawn_at IS NULL;
UPDATE visit_item SET owner_id = (SELECT v.recorded_by FROM visit v WHERE v.zone_id = visit_item.zone_id AND v.id = visit_item.visit_id)
 WHERE kind = 'hazard';

ALTER TABLE promise ADD COLUMN remind_step bigint NOT NULL DEFAULT 0;
CREATE INDEX promise_due ON promise (zone_id, due_at) WHERE state = 'open';
