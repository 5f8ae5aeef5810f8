-- The next epoch, when the epoch still is the one that the caller knows. See join_cache for the lock.
CREATE OR REPLACE FUNCTION sealgate.change_cache_space(p_from bigint, p_incarnation text, p_keyspace text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(2, 0);
  UPDATE sealgate.cache_space s SET epoch = s.epoch + 1, incarnation = p_incarnation, keyspace = p_keyspace WHERE s.epoch = p_from;
  RETURN FOUND;
END
$$;
