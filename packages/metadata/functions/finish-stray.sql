-- A stray is gone from its backend. The row stays as a tombstone until the vacuum takes it.
CREATE OR REPLACE FUNCTION sealgate.finish_stray(
  p_blob uuid, p_backend smallint, p_shard smallint, p_bucket text, p_actor integer, p_request text
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sealgate.strays s SET removed_at = now()
  WHERE s.blob_id = p_blob AND s.backend = p_backend AND s.shard = p_shard AND s.bucket = p_bucket AND s.removed_at IS NULL;
  IF NOT FOUND THEN RETURN; END IF;
  -- Action 11: replicas removed.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, blob_id, replicas, request_id, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 11, p_blob,
    int2send(p_backend) || substring(int2send(p_shard) FROM 2), p_request, jsonb_build_object('stray', p_bucket));
END
$$;
