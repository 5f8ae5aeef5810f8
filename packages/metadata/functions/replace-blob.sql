-- Puts new bytes in the place of old ones of a version (p_part 0: one put whole, else that segment), whose id, ETag and
-- time stay. The old bytes are doomed. 'changed' when the version does not have the old bytes any more.
CREATE OR REPLACE FUNCTION sealgate.replace_blob(
  p_bucket integer, p_key text, p_seq bigint, p_part smallint, p_old uuid, p_blob uuid, p_bytes bigint, p_class integer,
  p_stripe_bytes integer, p_k smallint, p_m smallint, p_block_shift smallint, p_replicas bytea, p_digests bytea, p_owing text,
  p_actor integer, p_request text, p_remote inet, p_grace_ms bigint, p_pending_ms bigint, p_attempt_age_ms bigint
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_due timestamptz := now() + p_grace_ms * interval '1 millisecond';
  v_upload bigint;
BEGIN
  IF sealgate.lock_bucket(p_bucket) IS NULL THEN RETURN 'changed'; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(p_key, p_bucket));
  IF p_part = 0 THEN
    IF NOT EXISTS (SELECT FROM sealgate.objects o
      WHERE o.bucket_id = p_bucket AND o.key = p_key AND o.seq = p_seq AND o.parts = 0 AND coalesce(o.data_blob, o.blob_id) = p_old)
    AND NOT EXISTS (SELECT FROM sealgate.history h
      WHERE h.bucket_id = p_bucket AND h.key = p_key AND h.seq = p_seq AND h.parts = 0 AND NOT h.delete_marker
        AND coalesce(h.data_blob, h.blob_id) = p_old) THEN RETURN 'changed'; END IF;
  ELSE
    -- While the key's lock is held the version cannot go, so its upload stays completed.
    SELECT p.upload INTO v_upload FROM sealgate.parts p JOIN sealgate.uploads u ON u.num = p.upload
    WHERE u.result_seq = p_seq AND u.bucket_id = p_bucket AND u.state = 'c' AND p.part_number = p_part AND p.blob_id = p_old;
    IF NOT FOUND THEN RETURN 'changed'; END IF;
  END IF;
  INSERT INTO sealgate.blobs (blob_id, bytes, bucket_id, class, stripe_bytes, k, m, block_shift, replicas, digests, residency)
  SELECT p_blob, p_bytes, p_bucket, p_class, p_stripe_bytes, p_k, p_m, p_block_shift, p_replicas, p_digests, (
    SELECT v.tags ->> 'residency' FROM (
      SELECT o.tags FROM sealgate.objects o WHERE o.bucket_id = p_bucket AND o.key = p_key AND o.seq = p_seq
      UNION ALL
      SELECT h.tags FROM sealgate.history h WHERE h.bucket_id = p_bucket AND h.key = p_key AND h.seq = p_seq) v)
  WHERE sealgate.blob_time(p_blob) >= now() - p_attempt_age_ms * interval '1 millisecond'
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN 'BlobGivenUp'; END IF;
  IF p_owing <> '' THEN PERFORM sealgate.note_owing(p_blob, p_bytes, p_k, p_replicas, p_owing, p_pending_ms); END IF;
  IF p_part = 0 THEN
    UPDATE sealgate.objects o SET data_blob = p_blob, class = p_class
    WHERE o.bucket_id = p_bucket AND o.key = p_key AND o.seq = p_seq;
    IF NOT FOUND THEN
      UPDATE sealgate.history h SET data_blob = p_blob, class = p_class
      WHERE h.bucket_id = p_bucket AND h.key = p_key AND h.seq = p_seq;
    END IF;
    INSERT INTO sealgate.deletions (blob_id, due_at, seq, bucket_id, key) VALUES (p_old, v_due, p_seq, p_bucket, p_key);
  ELSE
    UPDATE sealgate.parts p SET blob_id = p_blob WHERE p.upload = v_upload AND p.part_number = p_part;
    INSERT INTO sealgate.deletions (blob_id, due_at, upload, part_number, bucket_id)
    VALUES (p_old, v_due, v_upload, p_part, p_bucket);
  END IF;
  -- The new copies are to be locked as the old ones were. Should there be no retention, the queue finds that out.
  PERFORM sealgate.note_lock(p_bucket, p_key, p_seq) FROM sealgate.buckets b WHERE b.id = p_bucket AND b.object_lock;
  -- Action 12: bytes moved. For the change log a version has moved when all of it has (see settle_class).
  INSERT INTO sealgate.audit_log (seq, at, bytes_delta, version_seq, actor, bucket_id, action, versions_delta, blob_id,
    replicas, key, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), CASE WHEN p_part = 0 THEN 0 END, p_seq, p_actor, p_bucket, 12,
    CASE WHEN p_part = 0 THEN 0 END, p_blob, p_replicas, p_key, p_request, p_remote,
    jsonb_build_object('class', (SELECT t.value FROM sealgate.terms t WHERE t.id = p_class), 'from', p_old)
      || CASE WHEN p_part = 0 THEN '{}'::jsonb ELSE jsonb_build_object('part', p_part) END);
  RETURN 'ok';
END
$$;
