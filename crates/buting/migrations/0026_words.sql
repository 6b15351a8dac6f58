-- Visits and promises are found by their words, and projects by their spelling: the
-- words of what is there already are put into the index by a job.

INSERT INTO job (zone_id, id, kind, args, unique_key, run_at, attempts, created_at)
-- sqlite
SELECT zone_id, zone_id, 'search.index', '{}', 'schema-26', unixepoch() * 1000, 0, unixepoch() * 1000 FROM zone;
-- postgres
SELECT zone_id, zone_id, 'search.index', '{}', 'schema-26', t.at, 0, t.at
FROM zone, (SELECT (extract(epoch FROM now()) * 1000)::bigint AS at) AS t;
-- both

-- Who rang is found by the number.
CREATE INDEX person_phone ON person (zone_id, phone) WHERE phone IS NOT NULL;
