-- Changes settings of a bucket. Exclusive with writers: a version is committed under one versioning state, wholly.
CREATE OR REPLACE FUNCTION sealgate.update_bucket(
  p_actor integer, p_request text, p_remote inet, p_bucket integer, p_change jsonb
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_old sealgate.buckets;
BEGIN
  PERFORM pg_advisory_xact_lock(1, p_bucket);
  SELECT b.* INTO v_old FROM sealgate.buckets b WHERE b.id = p_bucket AND b.state = 'active' FOR UPDATE;
  IF NOT FOUND THEN RETURN 'NoSuchBucket'; END IF;
  -- Once versioned a bucket never goes back to 'off', and object lock needs versions.
  IF (p_change ->> 'versioning' = 'off' AND v_old.versioning <> 'off')
    OR (p_change ->> 'versioning' <> 'enabled' AND v_old.object_lock)
    OR ((p_change ->> 'objectLock')::boolean AND coalesce(p_change ->> 'versioning', v_old.versioning) <> 'enabled') THEN RETURN 'InvalidBucketState'; END IF;
  UPDATE sealgate.buckets b SET
    encryption = coalesce(p_change ->> 'encryption', b.encryption),
    versioning = coalesce(p_change ->> 'versioning', b.versioning),
    object_lock = b.object_lock OR coalesce((p_change ->> 'objectLock')::boolean, false),
    policy_name = CASE WHEN p_change ? 'policyName' THEN p_change ->> 'policyName' ELSE b.policy_name END,
    region_lock = CASE WHEN p_change ? 'regionLock'
      THEN ARRAY(SELECT jsonb_array_elements_text(p_change -> 'regionLock')) ELSE b.region_lock END,
    default_class = CASE WHEN p_change ? 'defaultClass' THEN p_change ->> 'defaultClass' ELSE b.default_class END,
    request_records = CASE WHEN p_change ? 'requestRecords' THEN p_change ->> 'requestRecords' ELSE b.request_records END
  WHERE b.id = p_bucket;
  DELETE FROM sealgate.bucket_configs g WHERE g.bucket_id = p_bucket AND p_change -> 'configs' ? g.kind;
  INSERT INTO sealgate.bucket_configs (bucket_id, kind, document)
  SELECT p_bucket, g.key, g.value FROM jsonb_each_text(p_change -> 'configs') g WHERE g.value IS NOT NULL;
  -- Action 21: bucket changed.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, p_bucket, 21, p_request, p_remote, p_change);
  RETURN 'ok';
END
$$;
