-- 重点项目: the register of projects and their point-to-point pair.

CREATE TABLE project (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  name text NOT NULL,
  short_name text NOT NULL,
  code text,
  level text NOT NULL,
  owner_name text,
  enterprise_id uuid,
  carrier_id uuid,
  site text,
  stage text NOT NULL,
  works text,
  spelling text NOT NULL,
  closed_at bigint,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
