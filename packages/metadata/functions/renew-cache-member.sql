-- A member says how far it is and hears what holds. No epoch: it is not a member any more.
CREATE OR REPLACE FUNCTION sealgate.renew_cache_member(
  p_member text, p_seen bigint, p_drained bigint, p_reach text,
  OUT o_epoch bigint, OUT o_incarnation text, OUT o_keyspace text, OUT o_members jsonb
)
LANGUAGE plpgsql AS $$
BEGIN
  -- What is lost of this in a crash of the database is said again a moment later.
  PERFORM set_config('synchronous_commit', 'off', true);
  UPDATE sealgate.cache_members m SET seen = p_seen, drained = p_drained, reach = p_reach, beat = m.beat + 1 WHERE m.id = p_member;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT v.* INTO o_epoch, o_incarnation, o_keyspace, o_members FROM sealgate.cache_view() v;
END
$$;
