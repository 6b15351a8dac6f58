-- 重点项目: the register of projects, their point-to-point pair, milestones and
-- task forces.

CREATE TABLE project (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  name text NOT NULL,
  short_name text NOT NULL,
  code text,
  level text NOT NULL,
  level_text text,
  owner_name text,
  contractor text,
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
CREATE INDEX project_name ON project (zone_id, name, id);
CREATE UNIQUE INDEX project_code ON project (zone_id, code) WHERE code IS NOT NULL;

-- 点对点: our one person and their one person. A new pair ends the old one.
CREATE TABLE project_contact (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  our_person_id uuid NOT NULL,
  backup_person_id uuid,
  their_person_id uuid NOT NULL,
  wechat text,
  valid_from bigint NOT NULL,
  valid_to bigint,
  end_reason text,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX project_contact_project ON project_contact (zone_id, project_id, valid_from);
CREATE UNIQUE INDEX project_contact_one ON project_contact (zone_id, project_id) WHERE valid_to IS NULL;

-- original_on never changes; plan_on is where it was moved to. moves counts how often.
CREATE TABLE milestone (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  name text NOT NULL,
  original_on text NOT NULL,
  plan_on text NOT NULL,
  done_on text,
  moves bigint NOT NULL,
  moved_because text,
  owner_id uuid,
  note text,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX milestone_project ON milestone (zone_id, project_id, plan_on);
CREATE INDEX milestone_plan ON milestone (zone_id, plan_on) WHERE done_on IS NULL;

-- 专班: its leader, members and projects, dated.
CREATE TABLE task_force (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  leader_id uuid NOT NULL,
  founded_on text NOT NULL,
  note text,
  closed_at bigint,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);

CREATE TABLE task_force_member (
  zone_id uuid NOT NULL,
  task_force_id uuid NOT NULL,
  person_id uuid NOT NULL,
  duty text,
  valid_from bigint NOT NULL,
  valid_to bigint,
  PRIMARY KEY (zone_id, task_force_id, person_id, valid_from)
);

CREATE TABLE task_force_project (
  zone_id uuid NOT NULL,
  task_force_id uuid NOT NULL,
  project_id uuid NOT NULL,
  valid_from bigint NOT NULL,
  valid_to bigint,
  PRIMARY KEY (zone_id, task_force_id, project_id, valid_from)
);
CREATE INDEX task_force_project_project ON task_force_project (zone_id, project_id) WHERE valid_to IS NULL;
