-- 任务: something to be done by several people until a day, of an appeal, a visit or a
-- project, or alone. A follow-up (协办跟进) is what an assisting department owes by a day.
-- remind_step: 0 nothing was said, 1 that it is due soon, 2 that it is over.

CREATE TABLE task (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  number text NOT NULL,
  kind text NOT NULL,
  title text NOT NULL,
  body text,
  record_kind text,
  record_id uuid,
  subject_kind text,
  subject_id uuid,
  department_id uuid,
  due_at bigint NOT NULL,
  state text NOT NULL,
  outcome text,
  ended_by uuid,
  ended_at bigint,
  made_by uuid,
  made_at bigint NOT NULL,
  remind_step bigint NOT NULL DEFAULT 0,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX task_due ON task (zone_id, due_at, id);
CREATE INDEX task_record ON task (zone_id, record_id) WHERE record_id IS NOT NULL;
CREATE INDEX task_waits ON task (zone_id, due_at) WHERE state = 'open';

CREATE TABLE task_person (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  task_id uuid NOT NULL,
  owner_id uuid NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX task_person_task ON task_person (zone_id, task_id);
CREATE INDEX task_person_owner ON task_person (zone_id, owner_id);

-- What is to be reached, and what stands in its way: what, since when, who can lift it.
CREATE TABLE task_objective (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  task_id uuid NOT NULL,
  position bigint NOT NULL,
  text text NOT NULL,
  reached_at bigint,
  blocker text,
  blocked_since bigint,
  lifter text,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX task_objective_of ON task_objective (zone_id, task_id, position);
