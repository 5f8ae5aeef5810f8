-- What background work has before it. Counted, not estimated: short queues are the usual case and scans of them are cheap
SELECT
  (SELECT count(*) FROM sealgate.deletions)::float8 AS deletions,
  (SELECT count(*) FROM pgboss.job WHERE name = 'repair' AND state < 'completed')::float8 AS repairs,
  (SELECT count(*) FROM pgboss.job WHERE name = 'repair-dead' AND state < 'completed')::float8 AS given_up,
  (SELECT count(*) FROM sealgate.events)::float8 AS events,
  (SELECT count(*) FROM sealgate.deliveries WHERE state = 'w')::float8 AS deliveries,
  (SELECT count(*) FROM sealgate.deliveries WHERE state = 'd')::float8 AS dead_letters
