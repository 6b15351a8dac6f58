-- 个人信息: consent, requests of persons about their own data, disclosures.

-- Append-only: one decision of a person about one use. `text_version` names the
-- text that was shown; the last row of a kind is what holds.
CREATE TABLE consent (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  kind text NOT NULL,
  text_version text NOT NULL,
  locale text NOT NULL,
  given boolean NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX consent_person ON consent (zone_id, person_id, kind, id);

-- 查阅、更正、删除: what a person asks about his own data, and the answer.
CREATE TABLE subject_request (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  number text NOT NULL,
  person_id uuid NOT NULL,
  kind text NOT NULL,
  body text NOT NULL,
  state text NOT NULL,
  received_at bigint NOT NULL,
  received_by uuid,
  due_at bigint NOT NULL,
  answer text,
  ground text,
  decided_by uuid,
  decided_at bigint,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX subject_request_number ON subject_request (zone_id, number);
CREATE INDEX subject_request_person ON subject_request (zone_id, person_id, id);
CREATE INDEX subject_request_due ON subject_request (zone_id, due_at) WHERE decided_at IS NULL;

-- Append-only: personal data that was given to another body.
CREATE TABLE disclosure (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  at bigint NOT NULL,
  person_id uuid,
  to_org text NOT NULL,
  basis text NOT NULL,
  fields text NOT NULL,
  occasion text NOT NULL,
  made_by uuid,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX disclosure_at ON disclosure (zone_id, at, id);
