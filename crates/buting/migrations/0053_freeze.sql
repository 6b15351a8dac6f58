-- 定格: a figure as it was told on a day, with every record that it counted, so that what
-- it would be today can be held against it.

CREATE TABLE metric_freeze (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  key text NOT NULL,
  from_on text NOT NULL,
  to_on text NOT NULL,
  numerator bigint NOT NULL,
  denominator bigint NOT NULL,
  reason text,
  frozen_at bigint NOT NULL,
  frozen_by uuid,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX metric_freeze_at ON metric_freeze (zone_id, frozen_at, id);
CREATE INDEX metric_freeze_of ON metric_freeze (zone_id, key, frozen_at, id);

CREATE TABLE metric_freeze_record (
  zone_id uuid NOT NULL,
  freeze_id uuid NOT NULL,
  record_id uuid NOT NULL,
  counts boolean NOT NULL,
  PRIMARY KEY (zone_id, freeze_id, record_id)
);
