-- Moves a version that is no longer current into history.
CREATE OR REPLACE FUNCTION sealgate.keep_version(p_old sealgate.objects) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO sealgate.history (seq, bytes, modified_at, bucket_id, class, verdict, parts, is_null, blob_id, key, etag,
    checksum, upload, headers, tags, key_version, encrypted_key, key_id, key_alg, encryption_alg, retain_until,
    retention_mode, legal_hold, owner_id, acl, sse, data_blob, delete_marker)
  VALUES (p_old.seq, p_old.bytes, p_old.modified_at, p_old.bucket_id, p_old.class, p_old.verdict, p_old.parts,
    p_old.is_null, p_old.blob_id, p_old.key, p_old.etag, p_old.checksum, p_old.upload, p_old.headers, p_old.tags,
    p_old.key_version, p_old.encrypted_key, p_old.key_id, p_old.key_alg, p_old.encryption_alg, p_old.retain_until,
    p_old.retention_mode, p_old.legal_hold, p_old.owner_id, p_old.acl, p_old.sse, p_old.data_blob, false);
$$;
