-- The zone, its people, how they sign in, what they are told.

CREATE TABLE zone (
  zone_id uuid NOT NULL PRIMARY KEY,
  handle text NOT NULL UNIQUE,
  name text NOT NULL,
  time_zone text NOT NULL,
  settings jsonb NOT NULL,
  created_at bigint NOT NULL,
  version bigint NOT NULL
);

CREATE TABLE department (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  name text NOT NULL,
  short_name text NOT NULL,
  kind text NOT NULL,
  parent_id uuid,
  position bigint NOT NULL,
  phone text,
  valid_from bigint NOT NULL,
  valid_to bigint,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);

-- Everybody the office knows by name: staff, contacts of enterprises, partners.
CREATE TABLE person (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  name text NOT NULL,
  partial boolean NOT NULL,
  spelling text NOT NULL,
  title text,
  phone text,
  email text,
  department_id uuid,
  enterprise_id uuid,
  project_id uuid,
  position bigint NOT NULL,
  left_at bigint,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX person_department ON person (zone_id, department_id);
CREATE INDEX person_enterprise ON person (zone_id, enterprise_id);

-- An account is a person who may sign in; its id is the person's.
CREATE TABLE account (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  user_name text NOT NULL,
  password_hash text,
  must_change boolean NOT NULL,
  totp_secret bytea,
  totp_last_step bigint,
  locale text,
  theme text,
  large_text boolean NOT NULL,
  disabled_at bigint,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id),
  UNIQUE (zone_id, user_name)
);

-- What an account may do, and where: all, departments, department, assignments,
-- enterprise, project. `departments` lists ids for the scope of that name.
CREATE TABLE account_role (
  zone_id uuid NOT NULL,
  account_id uuid NOT NULL,
  role text NOT NULL,
  scope text NOT NULL,
  departments jsonb NOT NULL,
  PRIMARY KEY (zone_id, account_id, role)
);

CREATE TABLE session (
  zone_id uuid NOT NULL,
  digest bytea NOT NULL,
  account_id uuid NOT NULL,
  created_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  address text NOT NULL,
  agent text NOT NULL,
  stage text NOT NULL,
  PRIMARY KEY (zone_id, digest)
);
CREATE UNIQUE INDEX session_digest ON session (digest);
CREATE INDEX session_account ON session (zone_id, account_id);

CREATE TABLE api_token (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  digest bytea NOT NULL,
  account_id uuid NOT NULL,
  name text NOT NULL,
  scopes text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint,
  seen_at bigint,
  revoked_at bigint,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX api_token_digest ON api_token (digest);

CREATE TABLE recovery_code (
  zone_id uuid NOT NULL,
  account_id uuid NOT NULL,
  digest bytea NOT NULL,
  used_at bigint,
  PRIMARY KEY (zone_id, account_id, digest)
);

-- Failed attempts, counted per account and address together and apart, so that
-- a stranger cannot lock the owner out.
CREATE TABLE attempt (
  zone_id uuid NOT NULL,
  bucket text NOT NULL,
  tokens double precision NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (zone_id, bucket)
);

-- What a person is told. The text is made at reading, in the reader's language.
CREATE TABLE notice (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  subject_id uuid NOT NULL,
  args jsonb NOT NULL,
  created_at bigint NOT NULL,
  read_at bigint,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX notice_person ON notice (zone_id, person_id, id);
CREATE INDEX notice_unread ON notice (zone_id, person_id) WHERE read_at IS NULL;

-- Reads that leave a trace: exports, bulk reads, views of masked fields, sign-ins.
CREATE TABLE access_log (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  at bigint NOT NULL,
  actor_id uuid,
  address text NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  subject_id uuid,
  detail jsonb NOT NULL,
  PRIMARY KEY (zone_id, id)
);

-- Policy as data, with its period of validity: categories with their routing,
-- limit profiles, official days. A running case keeps the version it began with.
CREATE TABLE policy_data (
  zone_id uuid NOT NULL,
  kind text NOT NULL,
  key text NOT NULL,
  version bigint NOT NULL,
  valid_from bigint NOT NULL,
  valid_to bigint,
  body jsonb NOT NULL,
  PRIMARY KEY (zone_id, kind, key, version)
);
