-- Notes an upload that a client is about to do itself. Its end is cut to well before the age at which the sweep for orphans
-- takes a blob that no row knows for one: the two never meet.
CREATE OR REPLACE FUNCTION sealgate.create_write_plan(
  p_bucket integer, p_key text, p_blob uuid, p_bytes bigint, p_class integer, p_tags jsonb, p_md5 bytea, p_sha256 bytea, p_replicas bytea,
  p_lifetime_ms bigint, p_attempt_age_ms bigint, p_open_max integer, p_actor integer, p_request text, p_remote inet,
  OUT o_outcome text, OUT o_expires_at timestamptz
)
LANGUAGE plpgsql AS $$
BEGIN
  -- Plans of one bucket are counted one after the other.
  PERFORM pg_advisory_xact_lock(hashtextextended('write plans ' || p_bucket, 0));
  IF sealgate.lock_bucket(p_bucket) IS NULL THEN o_outcome := 'NoSuchBucket'; RETURN; END IF;
  IF (SELECT count(*) FROM sealgate.write_plans p WHERE p.bucket_id = p_bucket AND p.committed_seq IS NULL) >= p_open_max THEN
    o_outcome := 'TooManyPlans';
    RETURN;
  END IF;
  o_expires_at := least(now() + p_lifetime_ms * interval '1 millisecond', sealgate.end_of_plan(p_blob, p_attempt_age_ms));
  INSERT INTO sealgate.write_plans (blob_id, expires_at, bytes, bucket_id, class, key, tags, md5, sha256, replicas)
  VALUES (p_blob, o_expires_at, p_bytes, p_bucket, p_class, p_key, p_tags, p_md5, p_sha256, p_replicas);
  -- Action 140: write plan made. The key stands in the detail: the entry is about no change of the object.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, p_bucket, 140, p_request, p_remote,
    jsonb_build_object('plan', p_blob, 'key', p_key, 'bytes', p_bytes));
  o_outcome := 'ok';
END
$$;
