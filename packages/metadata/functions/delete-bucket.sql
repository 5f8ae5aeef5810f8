-- Deletes an empty bucket. Under the bucket's exclusive lock no write is under way: each one that was has committed and
-- is seen here, each later one finds the bucket gone.
CREATE OR REPLACE FUNCTION sealgate.delete_bucket(
  p_bucket integer, p_actor integer, p_request text, p_remote inet
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_name text;
BEGIN
  PERFORM pg_advisory_xact_lock(1, p_bucket);
  SELECT b.name INTO v_name FROM sealgate.buckets b WHERE b.id = p_bucket AND b.state = 'active' FOR UPDATE;
  IF v_name IS NULL THEN RETURN 'NoSuchBucket'; END IF;
  IF EXISTS (SELECT FROM sealgate.objects o WHERE o.bucket_id = p_bucket)
    OR EXISTS (SELECT FROM sealgate.history h WHERE h.bucket_id = p_bucket) THEN RETURN 'BucketNotEmpty'; END IF;
  UPDATE sealgate.buckets b SET state = 'deleted', deleted_at = now() WHERE b.id = p_bucket;
  -- Action 22: bucket deleted.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, p_bucket, 22, p_request, p_remote,
    jsonb_build_object('name', v_name));
  RETURN 'ok';
END
$$;
