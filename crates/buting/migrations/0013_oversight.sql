-- 督办: reading the ledger by day, and when it was last verified as a whole.

CREATE INDEX ledger_at ON ledger (zone_id, at, id);

-- One check of the whole ledger: who asked for it, what came of it. `outside`
-- holds heads that were kept elsewhere, as text. `faults` is a list of
-- {kind, seq, id}; empty when everything holds.
CREATE TABLE verification (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  asked_by uuid,
  asked_at bigint NOT NULL,
  outside text NOT NULL,
  to_check bigint NOT NULL,
  began_at bigint,
  ended_at bigint,
  checked bigint,
  unsealed bigint,
  heads bigint,
  faults jsonb,
  PRIMARY KEY (zone_id, id)
);
