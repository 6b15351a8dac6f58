-- Many appeals with one cause: one coordination and one answer, and each of them
-- keeps its own clocks and its own confirmation.

CREATE TABLE cause (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  number text NOT NULL,
  title text NOT NULL,
  body text NOT NULL,
  category text NOT NULL,
  department_id uuid NOT NULL,
  status text NOT NULL,
  opened_by uuid,
  opened_at bigint NOT NULL,
  answer jsonb,
  answered_by uuid,
  answered_at bigint,
  lesson text,
  closed_at bigint,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX cause_number ON cause (zone_id, number);
CREATE INDEX cause_opened ON cause (zone_id, opened_at, id);

-- Which appeal belonged to which cause, from when to when.
CREATE TABLE cause_appeal (
  zone_id uuid NOT NULL,
  cause_id uuid NOT NULL,
  appeal_id uuid NOT NULL,
  joined_at bigint NOT NULL,
  reached_at bigint,
  left_at bigint,
  PRIMARY KEY (zone_id, cause_id, appeal_id, joined_at)
);
CREATE UNIQUE INDEX cause_appeal_current ON cause_appeal (zone_id, appeal_id) WHERE left_at IS NULL;

CREATE TABLE cause_note (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  cause_id uuid NOT NULL,
  text text NOT NULL,
  told bigint NOT NULL,
  author_id uuid,
  at bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX cause_note_of ON cause_note (zone_id, cause_id, id);

-- Open appeals of one category, the newest first: what may be gathered.
CREATE INDEX appeal_category ON appeal (zone_id, category, created_at) WHERE open;
