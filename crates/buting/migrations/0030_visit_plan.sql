-- 约访: by what way somebody comes, another day that the enterprise names, since when
-- it is asked (asked_at), whether more would come than the zone has settled (over_cap,
-- with the reason in despite), the serial of the enterprise's link.

ALTER TABLE visit_plan ADD COLUMN channel text NOT NULL DEFAULT 'onsite';
ALTER TABLE visit_plan ADD COLUMN other_at bigint;
ALTER TABLE visit_plan ADD COLUMN asked_at bigint;
ALTER TABLE visit_plan ADD COLUMN changed_at bigint;
ALTER TABLE visit_plan ADD COLUMN over_cap boolean NOT NULL DEFAULT FALSE;
ALTER TABLE visit_plan ADD COLUMN link_serial bigint NOT NULL DEFAULT 1;

-- Who goes along, of whatever department: one visit instead of several.
CREATE TABLE visit_plan_party (
  zone_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  person_id uuid NOT NULL,
  department_id uuid,
  joined_at bigint NOT NULL,
  PRIMARY KEY (zone_id, plan_id, person_id)
);
CREATE INDEX visit_plan_party_person ON visit_plan_party (zone_id, person_id, plan_id);

-- The link by which a calendar program reads what a person has planned. Raising the
-- serial makes old links worthless.
CREATE TABLE calendar_feed (
  zone_id uuid NOT NULL,
  person_id uuid NOT NULL,
  serial bigint NOT NULL,
  is_open boolean NOT NULL,
  PRIMARY KEY (zone_id, person_id)
);
