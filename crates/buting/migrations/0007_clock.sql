-- Clocks: what is due when, everything that happened to a deadline, who held
-- a record for how long.

-- One clock per owner and kind. `target` is the limit as it was set; due_at is
-- what the events and the calendar make of it, kept here so that lists can sort
-- and filter; null while it stands still. floor_at is a date that an enterprise
-- was told and that must not come nearer.
CREATE TABLE clock (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  owner text NOT NULL,
  owner_id uuid NOT NULL,
  kind text NOT NULL,
  target jsonb NOT NULL,
  mode text NOT NULL,
  told text NOT NULL,
  state text NOT NULL,
  started_at bigint NOT NULL,
  due_at bigint,
  floor_at bigint,
  stopped_at bigint,
  provisional boolean NOT NULL,
  cycle bigint NOT NULL,
  calendar_version text NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX clock_owner ON clock (zone_id, owner_id, kind);
CREATE INDEX clock_due ON clock (zone_id, due_at) WHERE state = 'running';
CREATE INDEX clock_open ON clock (zone_id, id) WHERE state <> 'stopped';

-- Append-only: what happened to a clock, in order.
CREATE TABLE clock_event (
  zone_id uuid NOT NULL,
  clock_id uuid NOT NULL,
  n bigint NOT NULL,
  at bigint NOT NULL,
  actor_id uuid,
  body jsonb NOT NULL,
  PRIMARY KEY (zone_id, clock_id, n)
);

-- Rungs of the escalation ladder that were reached, each once per cycle. A new
-- cycle begins when a clock is extended, set anew or opened again.
CREATE TABLE clock_rung (
  zone_id uuid NOT NULL,
  clock_id uuid NOT NULL,
  cycle bigint NOT NULL,
  rule text NOT NULL,
  action text,
  at bigint NOT NULL,
  PRIMARY KEY (zone_id, clock_id, cycle, rule)
);

-- Append-only: in whose hands a record is, from when.
CREATE TABLE holding (
  zone_id uuid NOT NULL,
  owner_id uuid NOT NULL,
  n bigint NOT NULL,
  at bigint NOT NULL,
  holder text NOT NULL,
  holder_id uuid,
  PRIMARY KEY (zone_id, owner_id, n)
);
