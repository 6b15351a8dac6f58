-- 机构人员: how people get in and stay in. Devices, invitations, rights inside an
-- enterprise, second factors under way, the first run, sign-in by another house.

ALTER TABLE account ADD COLUMN signed_in_at bigint;
ALTER TABLE session ADD COLUMN device_id uuid;

-- A browser that has signed in to an account before. Its guesses have a bucket
-- of their own, so that a stranger's never lock the owner out.
CREATE TABLE device (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  digest bytea NOT NULL,
  agent text NOT NULL,
  created_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX device_digest ON device (digest);
CREATE INDEX device_account ON device (zone_id, account_id);

-- A way in that works once: purpose `join` for a new account, `reset` for a lost
-- password. Only digests of link and short code are kept.
CREATE TABLE invitation (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  purpose text NOT NULL,
  digest bytea NOT NULL,
  code_digest bytea NOT NULL,
  made_by uuid,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint,
  revoked_at bigint,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX invitation_digest ON invitation (digest);
CREATE UNIQUE INDEX invitation_code ON invitation (code_digest);
CREATE INDEX invitation_person ON invitation (zone_id, person_id);

-- What an account may do inside its own enterprise or project beyond its role.
CREATE TABLE account_right (
  zone_id uuid NOT NULL,
  account_id uuid NOT NULL,
  name text NOT NULL,
  granted_by uuid,
  granted_at bigint NOT NULL,
  PRIMARY KEY (zone_id, account_id, name)
);

-- A second factor that was shown but not yet confirmed with a code.
CREATE TABLE totp_setup (
  zone_id uuid NOT NULL,
  account_id uuid NOT NULL,
  secret bytea NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (zone_id, account_id)
);

-- The code that the console shows while there is no zone. All rows go at once
-- when the zone is made. There is no zone yet, so `zone_id` is nil.
CREATE TABLE setup_code (
  zone_id uuid NOT NULL,
  digest bytea NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (zone_id, digest)
);

-- The same person at an OpenID Connect provider.
CREATE TABLE account_oidc (
  zone_id uuid NOT NULL,
  account_id uuid NOT NULL,
  issuer text NOT NULL,
  subject text NOT NULL,
  linked_at bigint NOT NULL,
  PRIMARY KEY (zone_id, account_id)
);
CREATE UNIQUE INDEX account_oidc_subject ON account_oidc (issuer, subject);

-- A sign-in that is away at the provider.
CREATE TABLE oidc_attempt (
  zone_id uuid NOT NULL,
  digest bytea NOT NULL,
  nonce text NOT NULL,
  verifier text NOT NULL,
  account_id uuid,
  next text NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (zone_id, digest)
);
CREATE INDEX oidc_attempt_digest ON oidc_attempt (digest);
