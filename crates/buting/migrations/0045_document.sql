-- Documents as they were issued: each has its number for good, and prints again as it
-- was. What a document says is kept as text, since its digest is of these bytes. Number
-- and year stand apart from the number in words, whose format may change.

CREATE TABLE document (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL,
  year bigint NOT NULL,
  n bigint NOT NULL,
  number text NOT NULL,
  title text NOT NULL,
  appeal_id uuid,
  visit_id uuid,
  content text NOT NULL,
  sha256 text NOT NULL,
  basis text NOT NULL,
  secret boolean NOT NULL,
  reply_on text,
  earlier_id uuid,
  issued_by uuid,
  issued_at bigint NOT NULL,
  withdrawn_by uuid,
  withdrawn_at bigint,
  withdrawn_reason text,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX document_number ON document (zone_id, kind, year, n);
CREATE INDEX document_issued ON document (zone_id, issued_at, id);
CREATE INDEX document_of_appeal ON document (zone_id, appeal_id, issued_at) WHERE appeal_id IS NOT NULL;
CREATE INDEX document_of_visit ON document (zone_id, visit_id, issued_at) WHERE visit_id IS NOT NULL;
CREATE INDEX document_of_person ON document (zone_id, issued_by, kind, issued_at);
