-- 企业库: enterprises, the carriers they sit in, their names and contacts.

-- A carrier (载体): park, incubator, accelerator, maker space, building, workshop.
CREATE TABLE carrier (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  name text NOT NULL,
  short_name text NOT NULL,
  kind text NOT NULL,
  address text,
  spelling text NOT NULL,
  closed_at bigint,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);

CREATE TABLE enterprise (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  name text NOT NULL,
  short_name text NOT NULL,
  uscc text,
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
  created_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX enterprise_uscc ON enterprise (zone_id, uscc) WHERE uscc IS NOT NULL;
CREATE INDEX enterprise_name ON enterprise (zone_id, name, id);
CREATE INDEX enterprise_name_key ON enterprise (zone_id, name_key);
CREATE INDEX enterprise_carrier ON enterprise (zone_id, carrier_id);
