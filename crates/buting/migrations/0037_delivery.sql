-- 外发通知: what leaves the house. A delivery is made in the transaction of its notice
-- and sent by the queue; channels, preferences and confirmed addresses stand beside it.

-- 渠道. `settings` are no secrets; `sealed` holds addresses with keys in them, passwords
-- and keys of signatures, each sealed under the key of the zone.
CREATE TABLE delivery_channel (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  kind text NOT NULL,
  title text NOT NULL,
  is_on boolean NOT NULL,
  settings jsonb NOT NULL,
  sealed jsonb NOT NULL,
  tested_at bigint,
  fault text,
  detail text,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);

-- One notice on one channel. `event` tells what it is about, so that the same is put out
-- once; `args` are those of the notice that may leave the house. What is held goes out
-- together with the others of the same person and time.
CREATE TABLE delivery (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  channel_id uuid NOT NULL,
  person_id uuid,
  event text NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  subject_id uuid NOT NULL,
  unit text,
  args jsonb NOT NULL,
  urgent boolean NOT NULL,
  state text NOT NULL,
  held_for text,
  due_at bigint NOT NULL,
  sending_until bigint,
  attempts bigint NOT NULL,
  fault text,
  detail text,
  created_at bigint NOT NULL,
  sent_at bigint,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX delivery_event ON delivery (zone_id, channel_id, event);
CREATE INDEX delivery_state ON delivery (zone_id, state, created_at, id);
CREATE INDEX delivery_created ON delivery (zone_id, created_at, id);
CREATE INDEX delivery_due ON delivery (zone_id, channel_id, due_at) WHERE state <> 'sent';

-- 已验证的收件地址: an address is used once its owner has said a code that was sent there.
CREATE TABLE delivery_contact (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  person_id uuid NOT NULL,
  channel text NOT NULL,
  destination text NOT NULL,
  digest bytea,
  code_at bigint,
  tries bigint NOT NULL,
  confirmed_at bigint,
  failed_at bigint,
  PRIMARY KEY (zone_id, person_id, channel)
);

-- 通知偏好: which families of notices by mail and by message, the minute of the day of the
-- digest, and the minutes between which it is quiet.
CREATE TABLE delivery_preference (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  person_id uuid NOT NULL,
  wanted jsonb NOT NULL,
  digest_at bigint,
  quiet_from bigint,
  quiet_to bigint,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, person_id)
);
