CREATE OR REPLACE FUNCTION sealgate.create_upload(
  p_bucket integer, p_key text, p_upload_id text, p_class integer, p_headers jsonb, p_tags jsonb, p_attributes jsonb,
  p_checksum_algorithm text, p_checksum_type text, p_key_version integer, p_encrypted_key text, p_key_id text, p_key_alg text, p_encryption_alg text,
  p_initiator text, p_actor integer, p_request text, p_remote inet
) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  IF sealgate.lock_bucket(p_bucket) IS NULL THEN RETURN 'NoSuchBucket'; END IF;
  IF p_attributes IS NOT NULL AND NOT sealgate.lockable(p_bucket, p_attributes) THEN RETURN 'NoObjectLock'; END IF;
  INSERT INTO sealgate.uploads (bucket_id, class, checksum_algorithm, checksum_type, upload_id, key, initiator, headers, tags,
    attributes, key_version, encrypted_key, key_id, key_alg, encryption_alg)
  VALUES (p_bucket, p_class, p_checksum_algorithm, p_checksum_type, p_upload_id, p_key, p_initiator, p_headers, p_tags,
    p_attributes, p_key_version, p_encrypted_key, p_key_id, p_key_alg, p_encryption_alg);
  -- Action 4: upload begun.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, key, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, p_bucket, 4, p_key, p_request, p_remote,
    jsonb_build_object('uploadId', p_upload_id));
  RETURN 'ok';
END
$$;
