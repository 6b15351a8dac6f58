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
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);

-- Append-only. The row with current = TRUE is the last word on a line.
CREATE TABLE continuity (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  line text NOT NULL,
  state text NOT NULL,
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
