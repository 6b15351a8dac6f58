-- 应检尽检: who takes samples (candidates, trainings, certificates), where (points), and
-- rounds: lists of people who must all have done something by a time. Names of people and
-- results are sealed column by column under the key of the disruption, or of the round
-- where there is none; digests find a person without opening anything.

CREATE TABLE screening_training (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  number text NOT NULL,
  topic text NOT NULL,
  department_id uuid NOT NULL,
  state text NOT NULL,
  held_at bigint,
  hours bigint,
  place text,
  note text,
  disruption_id uuid,
  made_by uuid,
  made_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX screening_training_at ON screening_training (zone_id, made_at, id);

-- Staff with a medical background who agreed to take samples.
CREATE TABLE screening_candidate (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  name text NOT NULL,
  background text NOT NULL,
  background_note text,
  consented_on text NOT NULL,
  state text NOT NULL,
  training_id uuid,
  attended boolean,
  score bigint,
  certificate_no text,
  valid_from text,
  valid_to text,
  reason text,
  disruption_id uuid,
  made_by uuid,
  made_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX screening_candidate_subject ON screening_candidate (zone_id, subject_id);
CREATE INDEX screening_candidate_training ON screening_candidate (zone_id, training_id);
CREATE INDEX screening_candidate_at ON screening_candidate (zone_id, made_at, id);
CREATE UNIQUE INDEX screening_candidate_certificate ON screening_candidate (zone_id, certificate_no)
  WHERE certificate_no IS NOT NULL;

-- silent_step: 0 nothing was said, 1 the point was warned.
CREATE TABLE screening_point (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  number text NOT NULL,
  name text NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  place text NOT NULL,
  people bigint NOT NULL,
  teams bigint NOT NULL,
  opens_at bigint NOT NULL,
  closes_at bigint NOT NULL,
  state text NOT NULL,
  reason text,
  approved_at bigint,
  approved_by uuid,
  opened_at bigint,
  heard_at bigint,
  silent_step bigint NOT NULL DEFAULT 0,
  disruption_id uuid,
  made_by uuid,
  made_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX screening_point_subject ON screening_point (zone_id, subject_id);
CREATE INDEX screening_point_at ON screening_point (zone_id, made_at, id);
CREATE INDEX screening_point_open ON screening_point (zone_id, heard_at) WHERE state = 'open';

CREATE TABLE screening_evidence (
  zone_id uuid NOT NULL,
  point_id uuid NOT NULL,
  kind text NOT NULL,
  text text NOT NULL,
  given_at bigint NOT NULL,
  given_by uuid,
  PRIMARY KEY (zone_id, point_id, kind)
);

CREATE TABLE screening_round (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  number text NOT NULL,
  kind text NOT NULL,
  title text NOT NULL,
  starts_at bigint NOT NULL,
  ends_at bigint NOT NULL,
  pool_size bigint NOT NULL,
  lab text,
  state text NOT NULL,
  closed_at bigint,
  reason text,
  disruption_id uuid,
  made_by uuid,
  made_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX screening_round_ends ON screening_round (zone_id, ends_at, id);

-- Somebody on the list. single_id: the tube of his own after a mixed one was not negative.
CREATE TABLE screening_person (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  round_id uuid NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  unit text,
  position bigint NOT NULL,
  sealed_name bytea NOT NULL,
  sealed_reason bytea,
  name_digest text NOT NULL,
  no_digest text,
  state text NOT NULL,
  slot_at bigint,
  done_at bigint,
  tube_id uuid,
  single_id uuid,
  made_at bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX screening_person_round ON screening_person (zone_id, round_id, subject_id, position);
CREATE INDEX screening_person_name ON screening_person (zone_id, round_id, name_digest);
CREATE UNIQUE INDEX screening_person_no ON screening_person (zone_id, round_id, no_digest) WHERE no_digest IS NOT NULL;
CREATE INDEX screening_person_tube ON screening_person (zone_id, tube_id);
CREATE INDEX screening_person_single ON screening_person (zone_id, single_id);
CREATE INDEX screening_person_subject ON screening_person (zone_id, subject_id, state);

CREATE TABLE screening_tube (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  round_id uuid NOT NULL,
  point_id uuid NOT NULL,
  sampler_id uuid NOT NULL,
  code text NOT NULL,
  pool_size bigint NOT NULL,
  filled bigint NOT NULL,
  state text NOT NULL,
  made_at bigint NOT NULL,
  handed_to text,
  handed_at bigint,
  sealed_result bytea,
  result_at bigint,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX screening_tube_code ON screening_tube (zone_id, code);
CREATE INDEX screening_tube_round ON screening_tube (zone_id, round_id, made_at);

-- What came of somebody's sample: health data, apart from everything else.
CREATE TABLE screening_result (
  zone_id uuid NOT NULL,
  person_id uuid NOT NULL,
  round_id uuid NOT NULL,
  sealed_result bytea NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (zone_id, person_id)
);
CREATE INDEX screening_result_round ON screening_result (zone_id, round_id);
