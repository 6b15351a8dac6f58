-- 不见面审批: matters as versioned data, applications (cases) that keep the edition which
-- they began with, what happened to them, every contact, and the licence on its way.

-- A matter as it stands now. owner_id is its one specialist; deputy_id takes over while
-- away_until lies ahead. `content` is the edition that new applications begin with.
CREATE TABLE matter (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  code text NOT NULL,
  title text NOT NULL,
  kind text NOT NULL,
  level text NOT NULL,
  green boolean NOT NULL,
  instant boolean NOT NULL,
  promised_days bigint NOT NULL,
  department_id uuid NOT NULL,
  owner_id uuid NOT NULL,
  deputy_id uuid NOT NULL,
  away_until bigint,
  edition bigint NOT NULL,
  content jsonb NOT NULL,
  made_at bigint NOT NULL,
  closed_at bigint,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX matter_code ON matter (zone_id, department_id, code);
CREATE INDEX matter_owner ON matter (zone_id, owner_id);

CREATE TABLE matter_edition (
  zone_id uuid NOT NULL,
  matter_id uuid NOT NULL,
  edition bigint NOT NULL,
  content jsonb NOT NULL,
  made_by uuid,
  made_at bigint NOT NULL,
  PRIMARY KEY (zone_id, matter_id, edition)
);

-- 办件. handler_id is the specialist from beginning to end; `papers` are the places of the
-- materials that are there, `debts` what is tolerated to come later, `known` what the
-- register gave when it was sent, with source and day.
CREATE TABLE application (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  number text NOT NULL,
  matter_id uuid NOT NULL,
  edition bigint NOT NULL,
  enterprise_id uuid NOT NULL,
  state text NOT NULL,
  open boolean NOT NULL,
  on_behalf boolean NOT NULL,
  handler_id uuid,
  answers jsonb NOT NULL,
  known jsonb NOT NULL,
  papers jsonb NOT NULL,
  debts jsonb NOT NULL,
  received_at bigint,
  accepted_at bigint,
  corrected_at bigint,
  correction text,
  special text,
  extended_days bigint,
  decided_at bigint,
  decision text,
  remedies text,
  ended_at bigint,
  made_by uuid,
  made_at bigint NOT NULL,
  remind_step bigint NOT NULL DEFAULT 0,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX application_enterprise ON application (zone_id, enterprise_id, made_at);
CREATE INDEX application_handler ON application (zone_id, handler_id) WHERE open;
CREATE INDEX application_matter ON application (zone_id, matter_id, decided_at);
CREATE INDEX application_decided ON application (zone_id, decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX application_made ON application (zone_id, made_at, id);

-- What happened to an application and what was said, in order.
CREATE TABLE application_event (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  application_id uuid NOT NULL,
  kind text NOT NULL,
  internal boolean NOT NULL,
  author_id uuid,
  author text NOT NULL,
  text text NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX application_event_of ON application_event (zone_id, application_id, at);

-- 接触: every contact of a case; the non-meeting rate is counted from these alone.
CREATE TABLE application_touch (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  application_id uuid NOT NULL,
  at bigint NOT NULL,
  channel text NOT NULL,
  face boolean NOT NULL,
  minutes bigint,
  note text,
  by_id uuid,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX application_touch_of ON application_touch (zone_id, application_id, at);

-- 证照送达: where a licence goes, by whom, under which number, and what came of it.
CREATE TABLE licence_delivery (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  application_id uuid NOT NULL,
  state text NOT NULL,
  recipient text NOT NULL,
  phone text NOT NULL,
  address text NOT NULL,
  consent_at bigint NOT NULL,
  carrier text,
  parcel_no text,
  licences text,
  dispatched_at bigint,
  ended_at bigint,
  proof text,
  made_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX licence_delivery_of ON licence_delivery (zone_id, application_id);
CREATE INDEX licence_delivery_made ON licence_delivery (zone_id, made_at, id);
