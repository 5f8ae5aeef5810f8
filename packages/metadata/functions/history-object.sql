-- A row of history as the current version it was or is to be.
CREATE OR REPLACE FUNCTION sealgate.history_object(h sealgate.history) RETURNS sealgate.objects
LANGUAGE sql IMMUTABLE AS $$
  SELECT ROW(h.seq, h.bytes, h.modified_at, h.bucket_id, h.class, h.verdict, h.parts, h.is_null, h.blob_id, h.key, h.etag,
    h.checksum, h.upload, h.headers, h.tags, h.key_version, h.encrypted_key, h.key_id, h.key_alg, h.encryption_alg,
    h.retain_until, h.retention_mode, h.legal_hold, h.owner_id, h.acl, h.sse, h.data_blob)::sealgate.objects;
$$;
