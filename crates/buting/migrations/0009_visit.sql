-- 走访: visits and what came of them; promises; visits that are planned.

-- One save writes the visit, its items and promises, and through other desks
-- its appeals and lights. `blocks` holds the answers with the version of the
-- form; `appeals` the keys of the appeals that it raised, `lights` how many lights.
CREATE TABLE visit (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  number text NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  disruption_id uuid,
  plan_id uuid,
  kind text NOT NULL,
  channel text NOT NULL,
  outcome text NOT NULL,
  happened_at bigint NOT NULL,
  minutes bigint,
  hosts jsonb NOT NULL,
  blocks jsonb NOT NULL,
  appeals jsonb NOT NULL,
  lights bigint NOT NULL,
  note text,
  asked_for_material boolean NOT NULL,
  next_contact_due_at bigint,
  ack_at bigint,
  ack_by uuid,
  ack_how text,
  ack_note text,
  recorded_by uuid,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX visit_number ON visit (zone_id, number);
CREATE INDEX visit_subject ON visit (zone_id, subject_id, happened_at);
CREATE INDEX visit_time ON visit (zone_id, happened_at, id);
CREATE INDEX visit_disruption ON visit (zone_id, disruption_id) WHERE disruption_id IS NOT NULL;

-- Who went, the leader of the team first, with the department of that time.
CREATE TABLE visit_visitor (
  zone_id uuid NOT NULL,
  visit_id uuid NOT NULL,
  position bigint NOT NULL,
  person_id uuid NOT NULL,
  department_id uuid,
  PRIMARY KEY (zone_id, visit_id, position)
);
CREATE INDEX visit_visitor_person ON visit_visitor (zone_id, person_id, visit_id);

-- kind: requirement (要求), hazard (隐患), answer (现场答复: text is the question).
-- A requirement or hazard is looked at again: checked_at, held.
CREATE TABLE visit_item (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  visit_id uuid NOT NULL,
  subject_id uuid NOT NULL,
  kind text NOT NULL,
  position bigint NOT NULL,
  text text NOT NULL,
  answer text,
  due_at bigint,
  checked_at bigint,
  checked_by uuid,
  held boolean,
  check_note text,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX visit_item_visit ON visit_item (zone_id, visit_id, position);
CREATE INDEX visit_item_open ON visit_item (zone_id, subject_id) WHERE checked_at IS NULL AND kind <> 'answer';

-- 承诺: what the office promised an enterprise or project.
CREATE TABLE promise (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  visit_id uuid,
  text text NOT NULL,
  owner_id uuid,
  due_at bigint NOT NULL,
  state text NOT NULL,
  ended_at bigint,
  reason text,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX promise_subject ON promise (zone_id, subject_id, due_at);
CREATE INDEX promise_owner ON promise (zone_id, owner_id) WHERE state = 'open';
CREATE INDEX promise_visit ON promise (zone_id, visit_id) WHERE visit_id IS NOT NULL;

-- 走访预约: the enterprise may decline. `despite` says why the office comes
-- although somebody else comes within the same days.
CREATE TABLE visit_plan (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  kind text NOT NULL,
  purpose text NOT NULL,
  planned_at bigint NOT NULL,
  department_id uuid,
  planned_by uuid,
  despite text,
  state text NOT NULL,
  answered_at bigint,
  reason text,
  visit_id uuid,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX visit_plan_subject ON visit_plan (zone_id, subject_id, planned_at);
CREATE INDEX visit_plan_time ON visit_plan (zone_id, planned_at);
