-- 包联: who answers for an enterprise, a carrier or a project, from when to when.

-- role: lead_leader (person), lead_dept (department), officer, assist_dept,
-- stand_in. At most one lead_leader, one lead_dept and one officer at a time.
-- valid_to is empty while the row holds. until is the day to which the order
-- runs: after it the row still holds and is listed as expired, so that nobody
-- is left without an answer unseen.
CREATE TABLE assignment (
  zone_id uuid NOT NULL,
  id uuid NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  role text NOT NULL,
  department_id uuid,
  person_id uuid,
  valid_from bigint NOT NULL,
  valid_to bigint,
  until bigint,
  basis text,
  reason text,
  end_reason text,
  end_note text,
  successor_id uuid,
  batch_id uuid,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE INDEX assignment_subject ON assignment (zone_id, subject_id, valid_from);
CREATE INDEX assignment_person ON assignment (zone_id, person_id) WHERE valid_to IS NULL;
CREATE INDEX assignment_department ON assignment (zone_id, department_id) WHERE valid_to IS NULL;
CREATE INDEX assignment_batch ON assignment (zone_id, batch_id) WHERE batch_id IS NOT NULL;
CREATE UNIQUE INDEX assignment_one ON assignment (zone_id, subject_id, role)
  WHERE valid_to IS NULL AND role IN ('lead_leader', 'lead_dept', 'officer');
