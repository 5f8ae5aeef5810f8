-- Makes p_new the current version of its key and logs it. The caller holds the locks of bucket and key, has checked the
-- preconditions, and passes the row that was current (all NULL when there was none).
CREATE OR REPLACE FUNCTION sealgate.publish_version(
  p_new sealgate.objects, p_old sealgate.objects, p_versioning text, p_replicas bytea,
  p_actor integer, p_request text, p_remote inet, p_settings jsonb
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_gone bigint;
BEGIN
  IF p_old.seq IS NOT NULL THEN
    IF p_versioning = 'off' OR (p_new.is_null AND p_old.is_null) THEN
      PERFORM sealgate.doom_version(p_old, p_settings);
      v_gone := p_old.bytes;
    ELSE
      PERFORM sealgate.keep_version(p_old);
    END IF;
    UPDATE sealgate.objects o SET (seq, bytes, modified_at, bucket_id, class, verdict, parts, is_null, blob_id, key, etag,
      checksum, upload, headers, tags, key_version, encrypted_key, key_id, key_alg, encryption_alg, retain_until,
      retention_mode, legal_hold, owner_id, acl, sse) = (SELECT p_new.*)
    WHERE o.bucket_id = p_new.bucket_id AND o.key = p_new.key;
  ELSE
    INSERT INTO sealgate.objects SELECT p_new.*;
  END IF;
  IF p_versioning = 'suspended' AND v_gone IS NULL THEN
    v_gone := sealgate.drop_null_version(p_new.bucket_id, p_new.key, p_settings);
  END IF;
  INSERT INTO sealgate.change_log (seq, bytes_delta, bucket_id, versions_delta, kind)
  VALUES (p_new.seq, p_new.bytes - coalesce(v_gone, 0), p_new.bucket_id, CASE WHEN v_gone IS NULL THEN 1 ELSE 0 END, 'p');
  -- Action 1: version published.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, blob_id, replicas, key, request_id, remote_address)
  VALUES (p_new.seq, p_new.modified_at, p_actor, p_new.bucket_id, 1, p_new.blob_id, p_replicas, p_new.key, p_request, p_remote);
END
$$;
