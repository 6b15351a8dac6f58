-- 附件: files of appeals and visits. They lie in the database: one transaction, one
-- backup, and nothing that the one knows and the other does not.

-- `owner` is the kind of record that it belongs to and `owner_id` the record; an upload
-- that a form keeps until it is handed in has the owner `form`, and `form_id` stays to
-- know the same file of the same form again.
CREATE TABLE attachment (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  owner text NOT NULL,
  owner_id uuid NOT NULL,
  purpose text NOT NULL,
  message_id uuid,
  work_order_id uuid,
  form_id uuid,
  own boolean NOT NULL,
  file_name text NOT NULL,
  media text NOT NULL,
  size bigint NOT NULL,
  sha256 text NOT NULL,
  state text NOT NULL,
  uploaded_by uuid,
  uploaded_at bigint NOT NULL,
  thumbnail bytea,
  removed_at bigint,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX attachment_owner ON attachment (zone_id, owner_id, id);
CREATE INDEX attachment_form ON attachment (zone_id, uploaded_at, id) WHERE owner = 'form';

-- The content, in pieces that a backup and a reader take one after the other.
CREATE TABLE attachment_piece (
  zone_id uuid NOT NULL,
  attachment_id uuid NOT NULL,
  n bigint NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (zone_id, attachment_id, n)
);
