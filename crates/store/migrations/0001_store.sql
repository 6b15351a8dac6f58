-- What every job stands on: the ledger and its tree, keys of fields, the job
-- queue, one-time keys of posts, human numbers.

CREATE TABLE ledger (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  at bigint NOT NULL,
  actor_id uuid,
  behalf_of uuid,
  via text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  subject_id uuid NOT NULL,
  about_id uuid,
  before text,
  after text,
  note text,
  mac bytea NOT NULL,
  seq bigint,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX ledger_subject ON ledger (zone_id, subject_id, id);
CREATE INDEX ledger_about ON ledger (zone_id, about_id, id);
CREATE INDEX ledger_actor ON ledger (zone_id, actor_id, id);
CREATE UNIQUE INDEX ledger_seq ON ledger (zone_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX ledger_unsealed ON ledger (zone_id, id) WHERE seq IS NULL;

-- The interior and the leaves of the Merkle tree over sealed rows (RFC 6962).
CREATE TABLE ledger_node (
  zone_id uuid NOT NULL,
  level bigint NOT NULL,
  idx bigint NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (zone_id, level, idx)
);

-- The growing edge of the tree; its row is also the sealers' lock.
CREATE TABLE ledger_tree (
  zone_id uuid NOT NULL PRIMARY KEY,
  size bigint NOT NULL,
  peaks bytea NOT NULL
);

CREATE TABLE ledger_head (
  zone_id uuid NOT NULL,
  size bigint NOT NULL,
  root bytea NOT NULL,
  at bigint NOT NULL,
  key_id text NOT NULL,
  signature bytea NOT NULL,
  PRIMARY KEY (zone_id, size)
);

-- The key that seals personal values of one subject in the ledger. Destroying
-- the row makes them unreadable for good while the proof stays whole.
CREATE TABLE field_key (
  zone_id uuid NOT NULL,
  owner_id uuid NOT NULL,
  wrapped bytea NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (zone_id, owner_id)
);

CREATE TABLE job (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL,
  args jsonb NOT NULL,
  unique_key text,
  run_at bigint NOT NULL,
  attempts bigint NOT NULL,
  locked_until bigint,
  locked_by text,
  done_at bigint,
  error text,
  created_at bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX job_unique ON job (zone_id, kind, unique_key);
CREATE INDEX job_due ON job (run_at) WHERE done_at IS NULL;

-- The keys of posts that were carried out, so that a repeated post is one.
CREATE TABLE once (
  zone_id uuid NOT NULL,
  actor_id uuid NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  subject_id uuid,
  at bigint NOT NULL,
  PRIMARY KEY (zone_id, actor_id, key)
);
CREATE INDEX once_at ON once (at);

-- The last number given out per zone and series, such as SQ-20261123.
CREATE TABLE series (
  zone_id uuid NOT NULL,
  name text NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (zone_id, name)
);
