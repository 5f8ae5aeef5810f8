-- A multipart version is of a class once every one of its segments is. False when one is not, or the version is gone.
CREATE OR REPLACE FUNCTION sealgate.settle_class(
  p_bucket integer, p_key text, p_seq bigint, p_class integer, p_actor integer, p_request text, p_remote inet
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  IF sealgate.lock_bucket(p_bucket) IS NULL THEN RETURN false; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(p_key, p_bucket));
  IF EXISTS (SELECT FROM sealgate.uploads u JOIN sealgate.parts p ON p.upload = u.num JOIN sealgate.blobs b ON b.blob_id = p.blob_id
    WHERE u.result_seq = p_seq AND b.class <> p_class) THEN RETURN false; END IF;
  UPDATE sealgate.objects o SET class = p_class
  WHERE o.bucket_id = p_bucket AND o.key = p_key AND o.seq = p_seq AND o.parts > 0;
  IF NOT FOUND THEN
    UPDATE sealgate.history h SET class = p_class
    WHERE h.bucket_id = p_bucket AND h.key = p_key AND h.seq = p_seq AND h.parts > 0;
    IF NOT FOUND THEN RETURN false; END IF;
  END IF;
  -- Action 12: bytes moved.
  INSERT INTO sealgate.audit_log (seq, at, bytes_delta, version_seq, actor, bucket_id, action, versions_delta, key, request_id,
    remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), 0, p_seq, p_actor, p_bucket, 12, 0, p_key, p_request, p_remote,
    jsonb_build_object('class', (SELECT t.value FROM sealgate.terms t WHERE t.id = p_class)));
  RETURN true;
END
$$;
