-- 解决方案: what is proposed for an appeal, one of it chosen. What proved itself is kept
-- in the library of its category, in words that name no enterprise and nobody, and is
-- offered to the next appeal. remedy_id is the entry that a solution was copied from, or
-- that was made of it. What was not worth keeping was passed over.

CREATE TABLE solution (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  appeal_id uuid NOT NULL,
  method text NOT NULL,
  measures text NOT NULL,
  bearer text NOT NULL,
  pros text,
  limits text,
  basis text,
  state text NOT NULL,
  offered boolean NOT NULL,
  preferred_at bigint,
  proposed_by uuid,
  proposed_unit text,
  proposed_at bigint NOT NULL,
  chosen_by uuid,
  chosen_at bigint,
  reason text,
  remedy_id uuid,
  passed_at bigint,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX solution_of ON solution (zone_id, appeal_id, proposed_at, id);
CREATE UNIQUE INDEX solution_chosen ON solution (zone_id, appeal_id) WHERE state = 'chosen';
CREATE INDEX solution_remedy ON solution (zone_id, remedy_id) WHERE remedy_id IS NOT NULL;

-- 方案库.
CREATE TABLE remedy (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  number text NOT NULL,
  category text NOT NULL,
  method text NOT NULL,
  measures text NOT NULL,
  bearer text NOT NULL,
  pros text,
  limits text,
  basis text,
  kept_by uuid,
  kept_at bigint NOT NULL,
  retired_at bigint,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX remedy_number ON remedy (zone_id, number);
CREATE INDEX remedy_category ON remedy (zone_id, category, kept_at, id);

-- 停了多久 (hours), where production stood still while an appeal was dealt with.
ALTER TABLE appeal ADD COLUMN stopped_hours bigint;
CREATE INDEX appeal_went_on ON appeal (zone_id, production_continued) WHERE status = 'closed';

-- 常用语: text modules, of the zone where they are nobody's own.
CREATE TABLE phrase (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  person_id uuid,
  heading text NOT NULL,
  text text NOT NULL,
  action text,
  category text,
  retired_at bigint,
  changed_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX phrase_of ON phrase (zone_id, person_id);

-- 核对清单: who ticked which item of the list that an appeal began with. The lists are
-- policy data of the kind checklist; item is the place in the list.
CREATE TABLE check_tick (
  zone_id uuid NOT NULL,
  appeal_id uuid NOT NULL,
  list text NOT NULL,
  item bigint NOT NULL,
  state text NOT NULL,
  ticked_by uuid,
  at bigint NOT NULL,
  PRIMARY KEY (zone_id, appeal_id, list, item)
);
