-- The newest number handed out, the first transaction id that was not yet, and a time that is not before either reading.
SELECT s.last_value AS seq, pg_snapshot_xmax(pg_current_snapshot())::text AS until,
  date_trunc('milliseconds', clock_timestamp()) + interval '1 ms' AS at
FROM sealgate.change_seq s
