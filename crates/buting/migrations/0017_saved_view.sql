-- 我的视图: filter, order and columns of a list under a name. `query` is the query
-- of the list's address; `department_id` is the department that it is shared with.
CREATE TABLE saved_view (
  zone_id uuid NOT NULL REFERENCES zone (zone_id),
  id uuid NOT NULL,
  list text NOT NULL,
  name text NOT NULL,
  query text NOT NULL,
  person_id uuid NOT NULL,
  department_id uuid,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (zone_id, id)
);
CREATE UNIQUE INDEX saved_view_name ON saved_view (zone_id, person_id, list, name);
CREATE INDEX saved_view_shared ON saved_view (zone_id, department_id, list) WHERE department_id IS NOT NULL;
