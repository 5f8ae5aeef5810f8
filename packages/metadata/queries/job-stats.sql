-- What waits, works and was given up, by kind, and how old the oldest is that is not over
SELECT kind, sum(waiting)::float8 AS waiting, sum(active)::float8 AS active, sum(dead)::float8 AS dead,
  coalesce(extract(epoch FROM now() - min(oldest)), 0)::float8 AS oldest_s
FROM (
  SELECT coalesce(j.data ->> 'kind', 'repair') AS kind, count(*) FILTER (WHERE j.name = 'repair' AND j.state < 'active') AS waiting,
    count(*) FILTER (WHERE j.name = 'repair' AND j.state = 'active') AS active, count(*) FILTER (WHERE j.name = 'repair-dead') AS dead,
    min(j.created_on) FILTER (WHERE j.name = 'repair') AS oldest
  FROM pgboss.job j WHERE (j.name = 'repair' AND j.state <= 'active') OR (j.name = 'repair-dead' AND j.state < 'active') GROUP BY 1
  UNION ALL
  SELECT k, 0, 0, 0, NULL FROM unnest(ARRAY['repair', 'replicate']) k
) s GROUP BY kind ORDER BY kind
