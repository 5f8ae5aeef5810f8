-- A process becomes a member under the epoch of this moment. The lock orders it with change_cache_space: either this sees
-- the new epoch, or whoever made that sees the member. Volatile, so each statement has a snapshot of its own, younger than the lock.
CREATE OR REPLACE FUNCTION sealgate.join_cache(
  p_member text, p_lease_ms bigint, OUT o_epoch bigint, OUT o_incarnation text, OUT o_keyspace text, OUT o_members jsonb
)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(2, 0);
  INSERT INTO sealgate.cache_members (id, seen, drained, beat, lease_ms)
    SELECT p_member, s.epoch, s.epoch, 0, p_lease_ms FROM sealgate.cache_space s;
  SELECT v.* INTO o_epoch, o_incarnation, o_keyspace, o_members FROM sealgate.cache_view() v;
END
$$;
