-- Publishes the listed parts of an upload as one version. Parts that are not listed are doomed. Completing again by the
-- same list gives the answer of the first time, for as long as the finished upload is remembered.
CREATE OR REPLACE FUNCTION sealgate.commit_upload(
  p_bucket integer, p_key text, p_upload_id text, p_numbers smallint[], p_etags bytea[], p_checksums bytea[],
  p_part_list bytea, p_etag bytea, p_bytes bigint, p_checksum bytea, p_verdict integer,
  p_key_version integer, p_encrypted_key text, p_key_id text, p_key_alg text, p_encryption_alg text,
  p_if_match bytea, p_if_none_match bytea, p_actor integer, p_request text, p_remote inet,
  p_grace_ms bigint, p_manifest text,
  OUT o_outcome text, OUT o_seq bigint, OUT o_is_null boolean, OUT o_versioned boolean, OUT o_modified_at timestamptz,
  OUT o_blob uuid
)
LANGUAGE plpgsql AS $$
DECLARE
  v_versioning text := sealgate.lock_bucket(p_bucket);
  v_upload sealgate.uploads;
  v_old_etag bytea;
  v_gone bigint;
  v_good integer;
  v_bytes bigint;
BEGIN
  IF v_versioning IS NULL THEN o_outcome := 'NoSuchBucket'; RETURN; END IF;
  v_upload := sealgate.lock_upload(p_bucket, p_key, p_upload_id, true);
  IF v_upload.num IS NULL OR (v_upload.state <> 'o' AND v_upload.part_list <> p_part_list) THEN
    o_outcome := 'NoSuchUpload';
    RETURN;
  END IF;
  o_versioned := v_versioning = 'enabled';
  IF v_upload.state <> 'o' THEN
    o_outcome := 'ok'; o_seq := v_upload.result_seq; o_is_null := v_upload.result_null; o_blob := v_upload.result_blob;
    o_modified_at := v_upload.result_at;
    RETURN;
  END IF;
  SELECT count(*), sum(p.bytes) INTO v_good, v_bytes
  FROM unnest(p_numbers, p_etags, p_checksums) AS l(n, etag, checksum)
  JOIN sealgate.parts p ON p.upload = v_upload.num AND p.part_number = l.n AND p.etag = l.etag
    AND (l.checksum IS NULL OR substring(p.checksum FROM 2) = l.checksum);
  IF v_good <> cardinality(p_numbers) OR v_bytes <> p_bytes THEN o_outcome := 'InvalidPart'; RETURN; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(p_key, p_bucket));
  SELECT o.etag INTO v_old_etag FROM sealgate.objects o WHERE o.bucket_id = p_bucket AND o.key = p_key;
  o_outcome := sealgate.check_preconditions(v_old_etag, p_if_match, p_if_none_match);
  IF o_outcome IS NOT NULL THEN RETURN; END IF;

  INSERT INTO sealgate.deletions (blob_id, due_at, upload, part_number, bucket_id)
  SELECT p.blob_id, now() + p_grace_ms * interval '1 millisecond', p.upload, p.part_number, p_bucket
  FROM sealgate.parts p WHERE p.upload = v_upload.num AND p.part_number <> ALL (p_numbers);
  DELETE FROM sealgate.parts p WHERE p.upload = v_upload.num AND p.part_number <> ALL (p_numbers);
  UPDATE sealgate.parts p SET start_offset = l.start_offset
  FROM (SELECT q.part_number, sum(q.bytes) OVER (ORDER BY q.part_number) - q.bytes AS start_offset
    FROM sealgate.parts q WHERE q.upload = v_upload.num) l
  WHERE p.upload = v_upload.num AND p.part_number = l.part_number;

  o_seq := nextval('sealgate.change_seq');
  o_is_null := v_versioning <> 'enabled';
  o_modified_at := date_trunc('milliseconds', clock_timestamp());
  SELECT p.blob_id INTO o_blob FROM sealgate.parts p WHERE p.upload = v_upload.num ORDER BY p.part_number LIMIT 1;
  v_gone := sealgate.retire_current(p_bucket, p_key, v_versioning, p_grace_ms);
  INSERT INTO sealgate.objects (seq, bytes, modified_at, bucket_id, class, verdict, parts, is_null, blob_id, key, etag, checksum,
    upload, headers, tags, key_version, encrypted_key, key_id, key_alg, encryption_alg, retain_until, retention_mode, legal_hold,
    owner_id, acl, sse)
  VALUES (o_seq, p_bytes, o_modified_at, p_bucket, v_upload.class, p_verdict, cardinality(p_numbers), o_is_null, o_blob, p_key,
    p_etag, p_checksum, v_upload.num, CASE WHEN p_manifest IS NULL THEN v_upload.headers
      ELSE coalesce(v_upload.headers, '{}') || jsonb_build_object('manifest', p_manifest) END, v_upload.tags, p_key_version, p_encrypted_key, p_key_id, p_key_alg,
    p_encryption_alg, sealgate.retained_until(v_upload.attributes), (v_upload.attributes ->> 'retentionMode')::"char",
    (v_upload.attributes ->> 'legalHold')::boolean, v_upload.attributes ->> 'ownerId', v_upload.attributes -> 'acl',
    decode(v_upload.attributes ->> 'sse', 'base64'));
  IF v_upload.attributes ? 'retainUntil' THEN PERFORM sealgate.note_lock(p_bucket, p_key, o_seq); END IF;
  -- Action 1: version published. Where its bytes are stands in the entries of its parts.
  INSERT INTO sealgate.audit_log (seq, at, bytes_delta, actor, bucket_id, action, versions_delta, blob_id, key, request_id,
    remote_address, detail)
  VALUES (o_seq, o_modified_at, p_bytes - coalesce(v_gone, 0), p_actor, p_bucket, 1, CASE WHEN v_gone IS NULL THEN 1 ELSE 0 END,
    o_blob, p_key, p_request, p_remote, jsonb_build_object('uploadId', p_upload_id, 'parts', cardinality(p_numbers)));
  UPDATE sealgate.uploads u SET state = 'c', finished_at = now(), result_seq = o_seq, result_blob = o_blob,
    result_null = o_is_null, result_at = o_modified_at, part_list = p_part_list
  WHERE u.num = v_upload.num;
  o_outcome := 'ok';
END
$$;
