-- Reading the log of accesses by day; its kinds are words of one spelling.
CREATE INDEX access_log_at ON access_log (zone_id, at, id);
UPDATE access_log SET kind = 'contact_show' WHERE kind = 'contact.show';
UPDATE access_log SET kind = 'export' WHERE kind = 'enterprise.export';

-- The contact whose name and telephone a partner agency was told with its order,
-- by his consent.
ALTER TABLE work_order ADD COLUMN contact_id uuid;

-- How an officer made sure of somebody who asks through him.
ALTER TABLE subject_request ADD COLUMN identity_check text;
