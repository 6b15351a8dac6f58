-- 资料的来源与核实: who said each fact of an enterprise, and when it was last found
-- right; corrections that an enterprise proposes; numbers that do not reach a contact.

-- How a fact stands. Its value has its home in the record and is not repeated here.
-- Without a row it stands as the record was made, which the ledger tells: so that
-- a sheet of a hundred thousand rows writes none.
CREATE TABLE subject_fact (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  subject_id uuid NOT NULL,
  key text NOT NULL,
  source text NOT NULL,
  confirmed_at bigint NOT NULL,
  confirmed_by uuid,
  PRIMARY KEY (zone_id, subject_id, key)
);
CREATE INDEX subject_fact_age ON subject_fact (zone_id, key, confirmed_at, subject_id);

-- A contact has a standing of his own; `verified_at` is its date.
ALTER TABLE contact ADD COLUMN source text;
ALTER TABLE contact ADD COLUMN verified_by uuid;
CREATE INDEX contact_age ON contact (zone_id, (coalesce(verified_at, 0)), enterprise_id) WHERE is_primary;

-- 更正: what an enterprise says of itself. `changes` are facts as they were when it
-- said so, and as it says they are.
CREATE TABLE correction (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  enterprise_id uuid NOT NULL,
  state text NOT NULL,
  changes jsonb NOT NULL,
  reason text,
  proposed_by uuid,
  proposed_at bigint NOT NULL,
  decided_by uuid,
  decided_at bigint,
  answer text,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX correction_enterprise ON correction (zone_id, enterprise_id, proposed_at, id);
CREATE INDEX correction_state ON correction (zone_id, state, proposed_at, id);

-- 联系不上: where a message did not arrive or nobody answered. It speaks of that one
-- number; who has another by now is reached again.
CREATE TABLE contact_failure (
  zone_id uuid NOT NULL,
  person_id uuid NOT NULL,
  channel text NOT NULL,
  destination text NOT NULL,
  why text NOT NULL,
  detail text,
  failed_at bigint NOT NULL,
  told_by uuid,
  PRIMARY KEY (zone_id, person_id, channel)
);
