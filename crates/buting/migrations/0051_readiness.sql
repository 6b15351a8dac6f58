-- 两案: the control plan and the emergency plan of an enterprise or project. A plan is a
-- checklist; its items were copied from the template that it began with. Days are text.
-- *_told: how far the reminders of a day have come: 0 nothing, 1 near, 2 over.

CREATE TABLE readiness_plan (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  disruption_id uuid,
  state text NOT NULL,
  template_version bigint NOT NULL,
  hazard boolean NOT NULL,
  published_on text,
  filing_due text,
  filed_on text,
  filing_no text,
  valid_until text,
  drilled_on text,
  drill_due text,
  submitted_by uuid,
  submitted_at bigint,
  returned_at bigint,
  reviewed_by uuid,
  reviewed_at bigint,
  review_mode text,
  review_note text,
  approved_by uuid,
  approved_at bigint,
  facts_hash text,
  fell_at bigint,
  fell_why text,
  valid_told bigint NOT NULL DEFAULT 0,
  filing_told bigint NOT NULL DEFAULT 0,
  drill_told bigint NOT NULL DEFAULT 0,
  made_by uuid,
  made_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX readiness_plan_subject ON readiness_plan (zone_id, subject_id, kind);
CREATE INDEX readiness_plan_state ON readiness_plan (zone_id, state, changed_at);

CREATE TABLE readiness_item (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  plan_id uuid NOT NULL,
  position bigint NOT NULL,
  key text NOT NULL,
  title text NOT NULL,
  kind text NOT NULL,
  required boolean NOT NULL,
  least bigint,
  person_id uuid,
  name text,
  phone text,
  text text,
  quantity bigint,
  unit text,
  file_id uuid,
  changed_by uuid,
  changed_at bigint,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX readiness_item_plan ON readiness_item (zone_id, plan_id, position);
CREATE INDEX readiness_item_person ON readiness_item (zone_id, person_id) WHERE person_id IS NOT NULL;

-- 一次性告知: what a return named, all at once. One that comes later has its reason.
CREATE TABLE readiness_gap (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  plan_id uuid NOT NULL,
  item_key text NOT NULL,
  text text NOT NULL,
  late_reason text,
  told_at bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX readiness_gap_plan ON readiness_gap (zone_id, plan_id, told_at);

CREATE TABLE readiness_drill (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  plan_id uuid NOT NULL,
  kind text NOT NULL,
  held_on text NOT NULL,
  people bigint NOT NULL,
  scenario text NOT NULL,
  outcome text,
  made_by uuid,
  made_at bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX readiness_drill_plan ON readiness_drill (zone_id, plan_id, held_on);

-- What a drill found, and the task that it became.
CREATE TABLE readiness_finding (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  drill_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  position bigint NOT NULL,
  text text NOT NULL,
  task_id uuid,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX readiness_finding_plan ON readiness_finding (zone_id, plan_id, drill_id, position);

ALTER TABLE document ADD COLUMN plan_id uuid;
CREATE INDEX document_of_plan ON document (zone_id, plan_id, issued_at) WHERE plan_id IS NOT NULL;

-- 闭环管理: an enterprise that shut itself in, and who is inside. A loop that has not ended is
-- the only one of its subject.

CREATE TABLE closed_loop (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  disruption_id uuid,
  state text NOT NULL,
  reason text NOT NULL,
  areas text,
  beds bigint,
  meals bigint,
  medicine_days bigint,
  party bigint,
  began_at bigint NOT NULL,
  closed_at bigint,
  ended_at bigint,
  end_reason text,
  made_by uuid,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX closed_loop_subject ON closed_loop (zone_id, subject_id, began_at);
CREATE INDEX closed_loop_began ON closed_loop (zone_id, began_at, id);

-- Somebody by name, or several of a kind without (number > 1).
CREATE TABLE loop_member (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  loop_id uuid NOT NULL,
  name text,
  phone text,
  job text NOT NULL,
  crew text NOT NULL,
  number bigint NOT NULL,
  responsible boolean NOT NULL,
  planned_on text,
  made_at bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX loop_member_loop ON loop_member (zone_id, loop_id);

-- From when until when. A correction is a row of its own; the one before is void then.
CREATE TABLE loop_stay (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  loop_id uuid NOT NULL,
  member_id uuid NOT NULL,
  area text,
  in_at bigint NOT NULL,
  out_at bigint,
  note text,
  corrects_id uuid,
  void_at bigint,
  made_by uuid,
  made_at bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX loop_stay_loop ON loop_stay (zone_id, loop_id, in_at);
CREATE UNIQUE INDEX loop_stay_open ON loop_stay (zone_id, member_id) WHERE out_at IS NULL AND void_at IS NULL;

CREATE TABLE loop_shift (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  loop_id uuid NOT NULL,
  label text NOT NULL,
  starts_at bigint NOT NULL,
  ends_at bigint NOT NULL,
  least bigint NOT NULL,
  told bigint NOT NULL,
  made_by uuid,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX loop_shift_loop ON loop_shift (zone_id, loop_id, starts_at);
CREATE INDEX loop_shift_untold ON loop_shift (zone_id, starts_at) WHERE told = 0;

CREATE TABLE loop_shift_member (
  zone_id uuid NOT NULL,
  loop_id uuid NOT NULL,
  shift_id uuid NOT NULL,
  member_id uuid NOT NULL,
  PRIMARY KEY (zone_id, shift_id, member_id)
);
CREATE INDEX loop_shift_member_loop ON loop_shift_member (zone_id, loop_id);
