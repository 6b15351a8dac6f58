-- 三不停: disruptions, the three lights of every enterprise and project, measures.

CREATE TABLE disruption (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  number text NOT NULL,
  name text NOT NULL,
  kind text NOT NULL,
  grade bigint,
  response_level bigint,
  warning_colour text,
  exercise boolean NOT NULL,
  clock_mode text NOT NULL,
  area text,
  source text,
  state text NOT NULL,
  started_at bigint NOT NULL,
  expected_end_at bigint,
  ended_at bigint,
  lessons text,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX disruption_number ON disruption (zone_id, number);

-- Append-only. The row with current = TRUE is the last word on a line; `was` is
-- the state before it, so that the changes of a day are found without a join.
CREATE TABLE continuity (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  line text NOT NULL,
  state text NOT NULL,
  was text NOT NULL,
  reduced_to bigint,
  cause text,
  cause_kind text,
  since bigint NOT NULL,
  expected_recovery_at bigint,
  measure_id uuid,
  disruption_id uuid,
  appeal_id uuid,
  visit_id uuid,
  source text NOT NULL,
  said_by uuid,
  at bigint NOT NULL,
  same_as uuid,
  current boolean NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX continuity_subject ON continuity (zone_id, subject_id, line, at);
CREATE UNIQUE INDEX continuity_current ON continuity (zone_id, subject_id, line) WHERE current;
CREATE INDEX continuity_at ON continuity (zone_id, at);
CREATE INDEX continuity_disruption ON continuity (zone_id, disruption_id, at) WHERE disruption_id IS NOT NULL;
CREATE INDEX continuity_visit ON continuity (zone_id, visit_id) WHERE visit_id IS NOT NULL;

-- A measure against a stop: the light it turned names it in measure_id. What it
-- leaves to be done later (the soil must still leave) has its own date.
CREATE TABLE measure (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  line text NOT NULL,
  cause_kind text,
  disruption_id uuid,
  appeal_id uuid,
  kind text NOT NULL,
  text text NOT NULL,
  owner_id uuid,
  due_at bigint,
  rule text,
  place text,
  effect text,
  effect_text text,
  later_duty text,
  later_due_at bigint,
  later_done_at bigint,
  days_saved bigint,
  state text NOT NULL,
  created_at bigint NOT NULL,
  ended_at bigint,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX measure_subject ON measure (zone_id, subject_id, created_at);
CREATE INDEX measure_owner ON measure (zone_id, owner_id);
CREATE INDEX measure_disruption ON measure (zone_id, disruption_id) WHERE disruption_id IS NOT NULL;
