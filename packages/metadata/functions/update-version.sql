-- Changes what may change of a version in its place: tags, owner, access control list, retention, legal hold. Decided
-- under the key's lock, so that retention only ever grows but for who may bypass GOVERNANCE. The version keeps its number;
-- the entry in the log tells readers of the feed that it changed.
CREATE OR REPLACE FUNCTION sealgate.update_version(
  p_bucket integer, p_key text, p_version_seq bigint, p_version_tail text, p_version_null boolean, p_change jsonb,
  p_bypass boolean, p_actor integer, p_request text, p_remote inet,
  OUT o_outcome text, OUT o_seq bigint, OUT o_is_null boolean, OUT o_blob uuid
)
LANGUAGE plpgsql AS $$
DECLARE
  v_named boolean := p_version_seq IS NOT NULL OR p_version_null;
  v_old record;
  v_current boolean;
  v_until timestamptz := sealgate.retained_until(p_change);
BEGIN
  IF sealgate.lock_bucket(p_bucket) IS NULL THEN o_outcome := 'NoSuchBucket'; RETURN; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(p_key, p_bucket));
  SELECT o.seq, o.is_null, o.blob_id, o.retain_until, o.retention_mode, false AS delete_marker INTO v_old
  FROM sealgate.objects o WHERE o.bucket_id = p_bucket AND o.key = p_key
    AND CASE WHEN p_version_null THEN o.is_null WHEN v_named THEN o.seq = p_version_seq ELSE true END;
  v_current := FOUND;
  IF NOT FOUND THEN
    SELECT h.seq, h.is_null, h.blob_id, h.retain_until, h.retention_mode, h.delete_marker INTO v_old
    FROM sealgate.history h WHERE h.bucket_id = p_bucket AND h.key = p_key
      AND CASE WHEN p_version_null THEN h.is_null WHEN v_named THEN h.seq = p_version_seq ELSE true END
    ORDER BY h.seq DESC LIMIT 1;
  END IF;
  IF v_old.seq IS NULL OR (p_version_seq IS NOT NULL
    AND (v_old.is_null OR right(translate(v_old.blob_id::text, '-', ''), 16) <> p_version_tail)) THEN
    o_outcome := CASE WHEN v_named THEN 'NoSuchVersion' ELSE 'NoSuchKey' END;
    RETURN;
  END IF;
  IF v_old.delete_marker THEN o_outcome := CASE WHEN v_named THEN 'MethodNotAllowed' ELSE 'NoSuchKey' END; RETURN; END IF;
  IF NOT sealgate.lockable(p_bucket, p_change) THEN o_outcome := 'NoObjectLock'; RETURN; END IF;
  IF p_change ? 'retentionMode' AND v_old.retain_until > now() AND NOT coalesce(p_bypass AND v_old.retention_mode = 'G', false)
    AND (v_until IS NULL OR v_until < v_old.retain_until OR p_change ->> 'retentionMode' <> v_old.retention_mode::text) THEN
    o_outcome := 'ObjectLocked';
    RETURN;
  END IF;
  IF v_current THEN
    UPDATE sealgate.objects o SET
      retain_until = CASE WHEN p_change ? 'retentionMode' THEN v_until ELSE o.retain_until END,
      retention_mode = CASE WHEN p_change ? 'retentionMode' THEN (p_change ->> 'retentionMode')::"char" ELSE o.retention_mode END,
      legal_hold = CASE WHEN p_change ? 'legalHold' THEN (p_change ->> 'legalHold')::boolean ELSE o.legal_hold END,
      owner_id = CASE WHEN p_change ? 'ownerId' THEN p_change ->> 'ownerId' ELSE o.owner_id END,
      acl = CASE WHEN p_change ? 'acl' THEN nullif(p_change -> 'acl', 'null') ELSE o.acl END,
      tags = CASE WHEN p_change ? 'tags' THEN nullif(p_change -> 'tags', 'null') ELSE o.tags END
    WHERE o.bucket_id = p_bucket AND o.key = p_key;
  ELSE
    UPDATE sealgate.history h SET
      retain_until = CASE WHEN p_change ? 'retentionMode' THEN v_until ELSE h.retain_until END,
      retention_mode = CASE WHEN p_change ? 'retentionMode' THEN (p_change ->> 'retentionMode')::"char" ELSE h.retention_mode END,
      legal_hold = CASE WHEN p_change ? 'legalHold' THEN (p_change ->> 'legalHold')::boolean ELSE h.legal_hold END,
      owner_id = CASE WHEN p_change ? 'ownerId' THEN p_change ->> 'ownerId' ELSE h.owner_id END,
      acl = CASE WHEN p_change ? 'acl' THEN nullif(p_change -> 'acl', 'null') ELSE h.acl END,
      tags = CASE WHEN p_change ? 'tags' THEN nullif(p_change -> 'tags', 'null') ELSE h.tags END
    WHERE h.bucket_id = p_bucket AND h.key = p_key AND h.seq = v_old.seq;
  END IF;
  IF v_until IS NOT NULL THEN PERFORM sealgate.note_lock(p_bucket, p_key, v_old.seq); END IF;
  o_seq := v_old.seq; o_is_null := v_old.is_null; o_blob := v_old.blob_id;
  -- Action 7: lock changed. 8: access changed. 9: tags changed, whose values may be personal and stay out of the log.
  INSERT INTO sealgate.audit_log (seq, at, bytes_delta, version_seq, actor, bucket_id, action, versions_delta, blob_id, key,
    request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), 0, v_old.seq, p_actor, p_bucket,
    CASE WHEN p_change ?| ARRAY['retentionMode', 'legalHold'] THEN 7 WHEN p_change ?| ARRAY['acl', 'ownerId'] THEN 8 ELSE 9 END,
    0, v_old.blob_id, p_key, p_request, p_remote,
    (p_change - 'tags') || CASE WHEN p_change ? 'tags' THEN jsonb_build_object('tags', true) ELSE '{}' END
      || CASE WHEN p_bypass THEN jsonb_build_object('bypassGovernance', true) ELSE '{}' END);
  o_outcome := 'ok';
END
$$;
