-- Publishes one whole blob as the current version of a key: the one round trip of a PUT. Everything is decided before
-- anything is written, so a refusal (any outcome but 'ok') leaves no trace. Flat, and with as few statements as there
-- are rows to write: this function decides how many PUTs a second the database takes.
CREATE OR REPLACE FUNCTION sealgate.commit_version(
  p_bucket integer, p_key text, p_blob uuid, p_bytes bigint, p_stored bigint, p_etag bytea, p_class integer, p_verdict integer,
  p_checksum bytea, p_headers jsonb, p_tags jsonb, p_attributes jsonb, p_key_version integer, p_encrypted_key text, p_key_id text, p_key_alg text,
  p_encryption_alg text, p_stripe_bytes integer, p_k smallint, p_m smallint, p_block_shift smallint, p_replicas bytea,
  p_digests bytea, p_owing text, p_if_match bytea, p_if_none_match bytea, p_actor integer, p_request text, p_remote inet,
  p_grace_ms bigint, p_pending_ms bigint, p_attempt_age_ms bigint, p_cause text, p_wait boolean DEFAULT true,
  OUT o_outcome text, OUT o_seq bigint, OUT o_is_null boolean, OUT o_versioned boolean, OUT o_modified_at timestamptz
)
LANGUAGE plpgsql AS $$
DECLARE
  v_versioning text;
  v_notifying boolean;
  v_old_etag bytea;
  v_gone bigint;
BEGIN
  -- Bucket shared, key exclusive. What follows is a statement of its own, so its snapshot is younger than the locks.
  IF p_wait THEN
    PERFORM pg_advisory_xact_lock_shared(1, p_bucket), pg_advisory_xact_lock(hashtextextended(p_key, p_bucket));
  ELSIF NOT (pg_try_advisory_xact_lock_shared(1, p_bucket) AND pg_try_advisory_xact_lock(hashtextextended(p_key, p_bucket))) THEN
    o_outcome := 'Busy';
    RETURN;
  END IF;
  SELECT b.versioning, b.notifying, o.etag INTO v_versioning, v_notifying, v_old_etag
  FROM sealgate.buckets b LEFT JOIN sealgate.objects o ON o.bucket_id = b.id AND o.key = p_key
  WHERE b.id = p_bucket AND b.state = 'active';
  IF v_versioning IS NULL THEN o_outcome := 'NoSuchBucket'; RETURN; END IF;
  IF p_attributes IS NOT NULL AND NOT sealgate.lockable(p_bucket, p_attributes) THEN o_outcome := 'NoObjectLock'; RETURN; END IF;
  IF p_if_match IS NOT NULL OR p_if_none_match IS NOT NULL THEN
    o_outcome := sealgate.check_preconditions(v_old_etag, p_if_match, p_if_none_match);
    IF o_outcome IS NOT NULL THEN RETURN; END IF;
  END IF;
  -- The age is the fence of the orphan sweep: what is as old as this may already have been swept from the backends. An id
  -- that was published or given up before is there already.
  INSERT INTO sealgate.blobs (blob_id, bytes, bucket_id, class, stripe_bytes, k, m, block_shift, replicas, digests, residency)
  SELECT p_blob, p_stored, p_bucket, p_class, p_stripe_bytes, p_k, p_m, p_block_shift, p_replicas, p_digests, p_tags ->> 'residency'
  WHERE sealgate.blob_time(p_blob) >= now() - p_attempt_age_ms * interval '1 millisecond'
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN o_outcome := 'BlobGivenUp'; RETURN; END IF;
  IF p_owing <> '' THEN PERFORM sealgate.note_owing(p_blob, p_stored, p_k, p_replicas, p_owing, p_pending_ms); END IF;
  IF v_old_etag IS NOT NULL OR v_versioning = 'suspended' THEN
    v_gone := sealgate.retire_current(p_bucket, p_key, v_versioning, p_grace_ms);
  END IF;
  o_seq := nextval('sealgate.change_seq');
  o_modified_at := date_trunc('milliseconds', clock_timestamp());
  o_versioned := v_versioning = 'enabled';
  o_is_null := NOT o_versioned;
  INSERT INTO sealgate.objects (seq, bytes, modified_at, bucket_id, class, verdict, parts, is_null, blob_id, key, etag, checksum,
    headers, tags, key_version, encrypted_key, key_id, key_alg, encryption_alg, retain_until, retention_mode, legal_hold, owner_id,
    acl, sse)
  VALUES (o_seq, p_bytes, o_modified_at, p_bucket, p_class, p_verdict, 0, o_is_null, p_blob, p_key, p_etag, p_checksum,
    p_headers, p_tags, p_key_version, p_encrypted_key, p_key_id, p_key_alg, p_encryption_alg,
    sealgate.retained_until(p_attributes), (p_attributes ->> 'retentionMode')::"char", (p_attributes ->> 'legalHold')::boolean,
    p_attributes ->> 'ownerId', p_attributes -> 'acl', decode(p_attributes ->> 'sse', 'base64'));
  IF p_attributes ? 'retainUntil' THEN PERFORM sealgate.note_lock(p_bucket, p_key, o_seq); END IF;
  -- Action 1: version published.
  INSERT INTO sealgate.audit_log (seq, at, bytes_delta, actor, bucket_id, action, versions_delta, blob_id, replicas, key,
    request_id, remote_address, detail, tell)
  VALUES (o_seq, o_modified_at, p_bytes - coalesce(v_gone, 0), p_actor, p_bucket, 1, CASE WHEN v_gone IS NULL THEN 1 ELSE 0 END,
    p_blob, p_replicas, p_key, p_request, p_remote, CASE WHEN p_cause IS NOT NULL THEN jsonb_build_object('cause', p_cause) END,
    nullif(v_notifying, false));
  o_outcome := 'ok';
END
$$;
