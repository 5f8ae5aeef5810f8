-- Makes the repair job of a blob, in the caller's transaction. One job a blob at a time (the queue's policy is
-- `exclusive`, keyed by blob). The nearer the blob is to loss, the higher the priority.
CREATE OR REPLACE FUNCTION sealgate.enqueue_repair(p_blob uuid, p_replicas bytea, p_need integer, p_delay interval) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_stored integer := 0;
BEGIN
  FOR i IN 0 .. octet_length(p_replicas) / 4 - 1 LOOP
    IF get_byte(p_replicas, i * 4 + 3) IN (ascii('s'), ascii('l')) THEN v_stored := v_stored + 1; END IF;
  END LOOP;
  INSERT INTO pgboss.job (name, data, priority, start_after, singleton_key, policy, retry_limit, retry_delay, retry_backoff,
    retry_delay_max, expire_seconds, deletion_seconds, keep_until, dead_letter, heartbeat_seconds)
  SELECT q.name, jsonb_build_object('blobId', p_blob), greatest(0, 100 - 10 * greatest(0, v_stored - p_need)),
    now() + p_delay, p_blob::text,
    q.policy, q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.expire_seconds, q.deletion_seconds,
    now() + q.retention_seconds * interval '1 second', q.dead_letter, q.heartbeat_seconds
  FROM pgboss.queue q WHERE q.name = 'repair'
  ON CONFLICT DO NOTHING;
END
$$;
