-- 任职: the posts that people of the office and of partner agencies hold, each from
-- a day and, when it ends, to a day. The main one (主要任职) also stands in
-- `person.department_id` and `person.title`, where lists read it.
CREATE TABLE post (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  department_id uuid NOT NULL,
  title text,
  main boolean NOT NULL,
  valid_from bigint NOT NULL,
  valid_to bigint,
  basis text,
  end_note text,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX post_person ON post (zone_id, person_id);
CREATE INDEX post_department ON post (zone_id, department_id);
CREATE UNIQUE INDEX post_main ON post (zone_id, person_id) WHERE valid_to IS NULL AND main;
CREATE UNIQUE INDEX post_one ON post (zone_id, person_id, department_id) WHERE valid_to IS NULL;

-- Everybody who is or was of a department had one post there; its key is his own.
INSERT INTO post (zone_id, id, person_id, department_id, title, main, valid_from, valid_to, created_at, version)
  SELECT zone_id, id, id, department_id, title, TRUE, created_at, left_at, created_at, 1
  FROM person WHERE department_id IS NOT NULL;

-- What a department was called, what it was and under whom it came, before each
-- change. The state that holds now is the row of the department itself.
CREATE TABLE department_past (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  department_id uuid NOT NULL,
  name text NOT NULL,
  short_name text NOT NULL,
  kind text NOT NULL,
  parent_id uuid,
  valid_from bigint NOT NULL,
  valid_to bigint NOT NULL,
  PRIMARY KEY (zone_id, department_id, valid_from)
);
