-- The shared cache in use, and its members as a JSON list.
CREATE OR REPLACE FUNCTION sealgate.cache_view(
  OUT o_epoch bigint, OUT o_incarnation text, OUT o_keyspace text, OUT o_members jsonb
)
LANGUAGE sql STABLE AS $$
  SELECT s.epoch, s.incarnation, s.keyspace,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'seen', m.seen::text, 'drained', m.drained::text,
      'beat', m.beat::text, 'leaseMs', m.lease_ms, 'reach', m.reach) ORDER BY m.id), '[]') FROM sealgate.cache_members m)
  FROM sealgate.cache_space s
$$;
