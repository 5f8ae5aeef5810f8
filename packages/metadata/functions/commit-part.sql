-- Records one part of an open upload. The same number again replaces the part and dooms the old blob.
CREATE OR REPLACE FUNCTION sealgate.commit_part(
  p_bucket integer, p_key text, p_upload_id text, p_part smallint, p_blob uuid, p_bytes bigint, p_stored bigint,
  p_stripe_bytes integer, p_k smallint, p_m smallint, p_block_shift smallint, p_replicas bytea, p_digests bytea, p_owing text,
  p_etag bytea, p_checksum bytea,
  p_inspection text, p_actor integer, p_request text, p_remote inet,
  p_grace_ms bigint, p_pending_ms bigint, p_attempt_age_ms bigint,
  OUT o_outcome text, OUT o_modified_at timestamptz
)
LANGUAGE plpgsql AS $$
DECLARE
  v_upload sealgate.uploads;
  v_old uuid;
BEGIN
  IF sealgate.lock_bucket(p_bucket) IS NULL THEN o_outcome := 'NoSuchBucket'; RETURN; END IF;
  v_upload := sealgate.lock_upload(p_bucket, p_key, p_upload_id, false);
  IF v_upload.state IS DISTINCT FROM 'o' THEN o_outcome := 'NoSuchUpload'; RETURN; END IF;
  -- The age is the fence of the orphan sweep: what is as old as this may already have been swept from the backends. An id
  -- that was published or given up before is there already.
  INSERT INTO sealgate.blobs (blob_id, bytes, bucket_id, class, stripe_bytes, k, m, block_shift, replicas, digests, residency)
  SELECT p_blob, p_stored, p_bucket, v_upload.class, p_stripe_bytes, p_k, p_m, p_block_shift, p_replicas, p_digests,
    v_upload.tags ->> 'residency'
  WHERE sealgate.blob_time(p_blob) >= now() - p_attempt_age_ms * interval '1 millisecond'
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN o_outcome := 'BlobGivenUp'; RETURN; END IF;
  IF p_owing <> '' THEN PERFORM sealgate.note_owing(p_blob, p_stored, p_k, p_replicas, p_owing, p_pending_ms); END IF;
  o_modified_at := date_trunc('milliseconds', clock_timestamp());
  INSERT INTO sealgate.parts (upload, bytes, modified_at, part_number, blob_id, etag, checksum, inspection)
  VALUES (v_upload.num, p_bytes, o_modified_at, p_part, p_blob, p_etag, p_checksum, p_inspection)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    SELECT p.blob_id INTO v_old FROM sealgate.parts p WHERE p.upload = v_upload.num AND p.part_number = p_part FOR UPDATE;
    UPDATE sealgate.parts p SET bytes = p_bytes, modified_at = o_modified_at, blob_id = p_blob, etag = p_etag,
      checksum = p_checksum, inspection = p_inspection
    WHERE p.upload = v_upload.num AND p.part_number = p_part;
    INSERT INTO sealgate.deletions (blob_id, due_at, upload, part_number, bucket_id)
    VALUES (v_old, now() + p_grace_ms * interval '1 millisecond', v_upload.num, p_part, p_bucket);
  END IF;
  -- Action 5: part stored.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, blob_id, replicas, key, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), o_modified_at, p_actor, p_bucket, 5, p_blob, p_replicas, p_key,
    p_request, p_remote, jsonb_build_object('uploadId', p_upload_id, 'part', p_part));
  o_outcome := 'ok';
END
$$;
