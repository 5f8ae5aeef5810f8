-- Whether every transaction that may have taken a number before a mark has ended. A transaction may take its number before
-- it gets an id, so those that began before and have none count too, while they are young or wait for a lock: what is
-- older and waits for nothing only reads (a backup, say).
-- $1 the mark's transaction id, $2 its time (ms)
SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8
  AND NOT EXISTS (
    SELECT FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
      AND a.xact_start <= to_timestamp($2::float8 / 1000)
      AND (a.backend_xid IS NOT NULL OR a.wait_event_type = 'Lock' OR a.xact_start > clock_timestamp() - interval '60 s')
  ) AS final
