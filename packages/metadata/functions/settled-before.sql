-- A time before which no transaction is under way any more: an entry of the log that is older is there to be read, or
-- never will be. Whoever reads the log must do so in a later statement, whose snapshot is younger than this answer.
-- Sessions whose state is hidden (another role's) count as begun at the longest ago that a statement of ours may have.
CREATE OR REPLACE FUNCTION sealgate.settled_before() RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$
  SELECT least(clock_timestamp(), min(coalesce(a.xact_start,
    CASE WHEN a.state IS NULL THEN clock_timestamp() - interval '70 seconds' END)))
  FROM pg_stat_activity a
  WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid();
$$;
