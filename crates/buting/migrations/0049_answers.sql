-- Appeals are found by their answers too: the words of what was answered already are
-- put into the index by the job that has done so before, once more.

INSERT INTO job (zone_id, id, kind, args, unique_key, run_at, attempts, created_at)
-- sqlite
SELECT zone_id, zone_id, 'search.index', '{}', 'schema-49', unixepoch() * 1000, 0, unixepoch() * 1000 FROM zone
WHERE TRUE
-- postgres
SELECT zone_id, zone_id, 'search.index', '{}', 'schema-49', t.at, 0, t.at
FROM zone, (SELECT (extract(epoch FROM now()) * 1000)::bigint AS at) AS t
-- both
ON CONFLICT (zone_id, id) DO UPDATE SET unique_key = excluded.unique_key, run_at = excluded.run_at, attempts = 0,
  locked_until = NULL, locked_by = NULL, done_at = NULL, error = NULL;
