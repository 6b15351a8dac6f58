-- Import: what a sheet was understood to say, what became of each row that was
-- not simply taken, and what was written, so that it can be taken back.

-- `sheets`: name and head of each sheet that was read. `notices`: rows that were
-- passed over, and why. `choices`: what the officer chose for doubtful rows.
-- `attempts` counts how often the job began. `kept`: what an undo left alone.
ALTER TABLE import ADD COLUMN sheets jsonb;
ALTER TABLE import ADD COLUMN notices jsonb;
ALTER TABLE import ADD COLUMN choices jsonb;
ALTER TABLE import ADD COLUMN attempts bigint;
ALTER TABLE import ADD COLUMN undone_at bigint;
ALTER TABLE import ADD COLUMN kept jsonb;
ALTER TABLE import DROP COLUMN errors;
ALTER TABLE import DROP COLUMN rejects;

-- A row that was not simply taken, as it stands in the sheet. `candidate` is the
-- record that it may be meant for.
CREATE TABLE import_row (
  zone_id uuid NOT NULL,
  import_id uuid NOT NULL,
  n bigint NOT NULL,
  sheet bigint NOT NULL,
  line bigint NOT NULL,
  outcome text NOT NULL,
  cells jsonb NOT NULL,
  faults jsonb NOT NULL,
  candidate jsonb,
  PRIMARY KEY (zone_id, import_id, n)
);
CREATE INDEX import_row_outcome ON import_row (zone_id, import_id, outcome, n);

-- What an import wrote, in order: the record, whether it was made, and when; the
-- ledger holds the values of that instant. `undone` says that it was taken back.
CREATE TABLE import_change (
  zone_id uuid NOT NULL,
  import_id uuid NOT NULL,
  seq bigint NOT NULL,
  subject text NOT NULL,
  subject_id uuid NOT NULL,
  created boolean NOT NULL,
  at bigint NOT NULL,
  undone boolean NOT NULL,
  PRIMARY KEY (zone_id, import_id, seq)
);

-- Which heading means what in the sheets of an office: `field` is empty for a
-- column that is not read. `department_id` is nil for people without one.
CREATE TABLE import_column (
  zone_id uuid NOT NULL,
  department_id uuid NOT NULL,
  kind text NOT NULL,
  heading text NOT NULL,
  field text NOT NULL,
  changed_at bigint NOT NULL,
  PRIMARY KEY (zone_id, department_id, kind, heading)
);
