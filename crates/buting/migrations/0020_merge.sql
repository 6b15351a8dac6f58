-- 合并重复企业: two records that are one enterprise. Everything that belonged to
-- the one belongs to the other; what moved is kept, so that it can be undone.

ALTER TABLE enterprise ADD COLUMN merged_into uuid;
CREATE INDEX enterprise_merged ON enterprise (zone_id, merged_into) WHERE merged_into IS NOT NULL;

-- `gave` are facts of `into_id` as they were and as they became; `had` is what
-- the merged record was: its status and credit code.
CREATE TABLE enterprise_merge (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  from_id uuid NOT NULL,
  into_id uuid NOT NULL,
  reason text NOT NULL,
  had jsonb NOT NULL,
  gave jsonb NOT NULL,
  at bigint NOT NULL,
  made_by uuid,
  undone_at bigint,
  undone_by uuid,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX enterprise_merge_into ON enterprise_merge (zone_id, into_id, at);
CREATE UNIQUE INDEX enterprise_merge_from ON enterprise_merge (zone_id, from_id) WHERE undone_at IS NULL;

-- Rows that a merge changed, by the place where they stand.
CREATE TABLE enterprise_merge_part (
  zone_id uuid NOT NULL,
  merge_id uuid NOT NULL,
  place text NOT NULL,
  record_id uuid NOT NULL,
  PRIMARY KEY (zone_id, merge_id, place, record_id)
);

-- Records that may be one (a_id < b_id), with the reasons. `verdict` is
-- 'distinct' when somebody looked and they are two.
CREATE TABLE enterprise_pair (
  zone_id uuid NOT NULL,
  a_id uuid NOT NULL,
  b_id uuid NOT NULL,
  reasons jsonb NOT NULL,
  score bigint NOT NULL,
  found_at bigint NOT NULL,
  verdict text,
  note text,
  decided_by uuid,
  decided_at bigint,
  PRIMARY KEY (zone_id, a_id, b_id)
);
CREATE INDEX enterprise_pair_score ON enterprise_pair (zone_id, score, a_id, b_id) WHERE verdict IS NULL;
