-- 企业库: enterprises, the carriers they sit in, their names and contacts.

-- A carrier (载体): park, incubator, accelerator, maker space, building, workshop.
CREATE TABLE carrier (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  name text NOT NULL,
  short_name text NOT NULL,
  kind text NOT NULL,
  address text,
  note text,
  spelling text NOT NULL,
  closed_at bigint,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX carrier_spelling ON carrier (zone_id, spelling, id);

-- `uscc_note` is why a code was kept that does not check; `source` and
-- `confirmed_at` say who gave the facts and when they were last confirmed.
CREATE TABLE enterprise (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  name text NOT NULL,
  short_name text NOT NULL,
  uscc text,
  uscc_note text,
  legacy_reg_no text,
  carrier_id uuid,
  industry_code text,
  headcount bigint,
  key boolean NOT NULL,
  status text NOT NULL,
  address text,
  tags jsonb NOT NULL,
  spelling text NOT NULL,
  name_key text NOT NULL,
  note text,
  source text,
  confirmed_at bigint,
  created_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX enterprise_uscc ON enterprise (zone_id, uscc) WHERE uscc IS NOT NULL;
CREATE INDEX enterprise_name ON enterprise (zone_id, name, id);
CREATE INDEX enterprise_name_key ON enterprise (zone_id, name_key);
CREATE INDEX enterprise_carrier ON enterprise (zone_id, carrier_id);
CREATE INDEX enterprise_spelling ON enterprise (zone_id, spelling, id);
CREATE INDEX enterprise_headcount ON enterprise (zone_id, (coalesce(headcount, -1)), id);
CREATE INDEX enterprise_changed ON enterprise (zone_id, changed_at, id);

-- Short names (简称): what an enterprise is called, most used first.
CREATE TABLE enterprise_short_name (
  zone_id uuid NOT NULL,
  enterprise_id uuid NOT NULL,
  name text NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (zone_id, enterprise_id, name)
);
CREATE INDEX enterprise_short_name_name ON enterprise_short_name (zone_id, name);

-- What is known of a person as the contact of his enterprise.
CREATE TABLE contact (
  zone_id uuid NOT NULL,
  person_id uuid NOT NULL,
  enterprise_id uuid NOT NULL,
  is_primary boolean NOT NULL,
  verified_at bigint,
  PRIMARY KEY (zone_id, person_id)
);
CREATE INDEX contact_enterprise ON contact (zone_id, enterprise_id);
CREATE UNIQUE INDEX contact_primary ON contact (zone_id, enterprise_id) WHERE is_primary;

-- A sheet that was handed in. `file` goes when the rows are in (or a day after
-- the preview); `position` says how far the rows have been worked.
CREATE TABLE import (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  kind text NOT NULL,
  file_name text NOT NULL,
  file bytea,
  dry_run boolean NOT NULL,
  state text NOT NULL,
  failure text,
  total bigint NOT NULL,
  position bigint NOT NULL,
  created bigint NOT NULL,
  updated bigint NOT NULL,
  unchanged bigint NOT NULL,
  rejected bigint NOT NULL,
  columns jsonb NOT NULL,
  errors jsonb NOT NULL,
  preview jsonb NOT NULL,
  rejects bytea,
  made_by uuid,
  created_at bigint NOT NULL,
  finished_at bigint,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX import_made ON import (zone_id, made_by, id);
