-- Puts a blob into the repair queue, or makes the entry that waits there already as urgent as this one. An entry of kind
-- `replicate` is for copies that somebody asked for beyond the class; one that the class owes too is a repair.
CREATE OR REPLACE FUNCTION sealgate.enqueue_blob_job(p_blob uuid, p_kind text, p_priority integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO pgboss.job (name, data, priority, start_after, singleton_key, policy, retry_limit, retry_delay, retry_backoff,
    retry_delay_max, expire_seconds, deletion_seconds, keep_until, dead_letter, heartbeat_seconds)
  SELECT q.name, jsonb_build_object('blobId', p_blob, 'kind', p_kind), p_priority,
    now(), p_blob::text,
    q.policy, q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.expire_seconds, q.deletion_seconds,
    now() + q.retention_seconds * interval '1 second', q.dead_letter, q.heartbeat_seconds
  FROM pgboss.queue q WHERE q.name = 'repair'
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    UPDATE pgboss.job j SET priority = greatest(j.priority, p_priority),
      data = CASE WHEN p_kind = 'repair' THEN j.data || '{"kind": "repair"}' ELSE j.data END
    WHERE j.name = 'repair' AND j.singleton_key = p_blob::text AND j.state < 'active'
      AND (j.priority < p_priority OR (p_kind = 'repair' AND j.data ->> 'kind' = 'replicate'));
  END IF;
END
$$;
