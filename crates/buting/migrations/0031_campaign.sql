-- 大走访: a campaign names whom to visit, fixed at its start; who is added later has a
-- reason. An enterprise that was merged into another may stand twice: it counts once.

CREATE TABLE campaign (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  purpose text NOT NULL,
  starts_at bigint NOT NULL,
  ends_at bigint NOT NULL,
  rounds bigint NOT NULL,
  blocks jsonb NOT NULL,
  filter jsonb NOT NULL,
  ended_at bigint,
  end_note text,
  created_by uuid,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX campaign_time ON campaign (zone_id, starts_at, id);

CREATE TABLE campaign_target (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  campaign_id uuid NOT NULL,
  enterprise_id uuid NOT NULL,
  reason text,
  added_at bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX campaign_target_of ON campaign_target (zone_id, campaign_id, enterprise_id);
CREATE INDEX campaign_target_enterprise ON campaign_target (zone_id, enterprise_id);
