-- 诉求: needs and difficulties, the work orders they become, what was said.

CREATE TABLE appeal (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  number text NOT NULL,
  enterprise_id uuid,
  project_id uuid,
  title text NOT NULL,
  body text NOT NULL,
  kind text NOT NULL,
  category text NOT NULL,
  urgency text NOT NULL,
  channel text NOT NULL,
  outer_number text,
  accused_department_id uuid,
  visit_id uuid,
  disruption_id uuid,
  created_by uuid,
  created_at bigint NOT NULL,
  registered_at bigint,

  -- The limits it began with, and the hours they count.
  profile text NOT NULL,
  profile_version bigint NOT NULL,
  clock_mode text NOT NULL,

  -- Where it stands. `open` says whether anything is still to be done; back_to
  -- is where it goes on after a wait.
  status text NOT NULL,
  open boolean NOT NULL,
  back_to text,
  lead_department_id uuid,
  handler_id uuid,
  holder text NOT NULL,
  holder_id uuid,

  -- The finish clock, kept here for lists: due_key sorts what stands still last.
  due_at bigint,
  due_key bigint NOT NULL,

  objected_by uuid,
  objection_final boolean NOT NULL,
  extension_days bigint,
  extension_by uuid,
  extensions bigint NOT NULL,
  extended_days bigint NOT NULL,
  planned_for text,
  suspend_until text,
  merged_into uuid,

  result text,
  answer text,
  production_continued text,
  review_on text,
  answered_by uuid,
  answered_at bigint,
  reviewed_by uuid,
  reviewed_at bigint,
  sent_back bigint NOT NULL,
  reopened bigint NOT NULL,

  confirmation text,
  rating bigint,
  rating_text text,
  confirmed_by uuid,
  confirmed_at bigint,
  verdict text,
  visited_by uuid,
  visited_at bigint,
  closed_at bigint,

  changed_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX appeal_number ON appeal (zone_id, number);
CREATE INDEX appeal_due ON appeal (zone_id, due_key, id);
CREATE INDEX appeal_open ON appeal (zone_id, due_key, id) WHERE open;
CREATE INDEX appeal_handler ON appeal (zone_id, handler_id, open, due_key, id);
CREATE INDEX appeal_department ON appeal (zone_id, lead_department_id, status, due_key, id);
CREATE INDEX appeal_status ON appeal (zone_id, status, due_key, id);
CREATE INDEX appeal_created ON appeal (zone_id, created_at, id);
CREATE INDEX appeal_enterprise ON appeal (zone_id, enterprise_id, created_at);
CREATE INDEX appeal_project ON appeal (zone_id, project_id, created_at) WHERE project_id IS NOT NULL;
CREATE INDEX appeal_accused ON appeal (zone_id, accused_department_id) WHERE accused_department_id IS NOT NULL;
CREATE INDEX appeal_outer ON appeal (zone_id, outer_number) WHERE outer_number IS NOT NULL;
CREATE INDEX appeal_author ON appeal (zone_id, created_by, created_at);

-- What a department or a partner agency is asked to do: one lead, any number of
-- others, each with clocks of its own.
CREATE TABLE work_order (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  appeal_id uuid NOT NULL,
  number text NOT NULL,
  kind text NOT NULL,
  department_id uuid NOT NULL,
  obligatory boolean NOT NULL,
  status text NOT NULL,
  open boolean NOT NULL,
  instruction text NOT NULL,
  handler_id uuid,
  due_at bigint,
  sent_at bigint NOT NULL,
  signed_at bigint,
  answered_at bigint,
  answer text,
  asked_days bigint,
  asked_reason text,
  link_serial bigint NOT NULL,
  ended_at bigint,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX work_order_appeal ON work_order (zone_id, appeal_id, sent_at);
CREATE INDEX work_order_department ON work_order (zone_id, department_id, open, appeal_id);

-- What was said about it. `internal` notes stay in the office.
CREATE TABLE appeal_message (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  appeal_id uuid NOT NULL,
  work_order_id uuid,
  kind text NOT NULL,
  internal boolean NOT NULL,
  author_id uuid,
  author text NOT NULL,
  text text NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX appeal_message_appeal ON appeal_message (zone_id, appeal_id, id);

-- How many there are per department and status, kept in the transaction that
-- changes them; the nil department stands for none. Drafts are not counted.
CREATE TABLE appeal_count (
  zone_id uuid NOT NULL,
  department_id uuid NOT NULL,
  status text NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (zone_id, department_id, status)
);
