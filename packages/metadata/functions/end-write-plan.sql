-- Gives an open plan up: it is over now. What may have landed goes when expire_write_plans comes by.
CREATE OR REPLACE FUNCTION sealgate.end_write_plan(p_bucket integer, p_blob uuid, p_actor integer, p_request text, p_remote inet)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_key text;
BEGIN
  UPDATE sealgate.write_plans p SET expires_at = now()
  WHERE p.blob_id = p_blob AND p.bucket_id = p_bucket AND p.committed_seq IS NULL AND p.expires_at > now()
  RETURNING p.key INTO v_key;
  IF NOT FOUND THEN RETURN false; END IF;
  -- Action 141: write plan given up.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, p_bucket, 141, p_request, p_remote,
    jsonb_build_object('plan', p_blob, 'key', v_key));
  RETURN true;
END
$$;
