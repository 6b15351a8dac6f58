-- Orders of outer platforms (12345, upper levels): each is taken in once, keeps its
-- number, whom to call and what the platform says it is due, and is answered back.

CREATE TABLE outer_order (
  zone_id uuid NOT NULL,
  channel text NOT NULL,
  outer_number text NOT NULL,
  appeal_id uuid NOT NULL,
  caller text,
  caller_phone text,
  due_on text,
  taken_at bigint NOT NULL,
  reported_at bigint,
  PRIMARY KEY (zone_id, channel, outer_number)
);
CREATE UNIQUE INDEX outer_order_appeal ON outer_order (zone_id, appeal_id);
CREATE INDEX outer_order_taken ON outer_order (zone_id, taken_at, appeal_id);

-- What was taken in before: of two with one number the earlier.
INSERT INTO outer_order (zone_id, channel, outer_number, appeal_id, taken_at)
  SELECT a.zone_id, a.channel, a.outer_number, a.id, a.created_at FROM appeal a
  WHERE a.outer_number IS NOT NULL AND a.channel IN ('hotline12345', 'upper')
    AND NOT EXISTS (SELECT 1 FROM appeal b WHERE b.zone_id = a.zone_id AND b.channel = a.channel
      AND b.outer_number = a.outer_number AND b.number < a.number);
