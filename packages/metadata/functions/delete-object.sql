-- Removes the current version (or lays a delete marker over it), or one named version for good.
CREATE OR REPLACE FUNCTION sealgate.delete_object(
  p_bucket integer, p_key text, p_marker uuid, p_version_seq bigint, p_version_tail text, p_version_null boolean,
  p_if_match bytea, p_if_none_match bytea, p_if_bytes bigint, p_if_modified_at timestamptz, p_bypass boolean, p_actor integer, p_request text, p_remote inet, p_grace_ms bigint,
  OUT o_outcome text, OUT o_seq bigint, OUT o_is_null boolean, OUT o_blob uuid, OUT o_versioned boolean,
  OUT o_marker boolean, OUT o_existed boolean
)
LANGUAGE plpgsql AS $$
DECLARE
  v_versioning text := sealgate.lock_bucket(p_bucket);
  v_current sealgate.objects;
  v_newest sealgate.objects;
  v_removed record;
  v_gone sealgate.objects;
  v_change bigint;
  v_versions integer := 0;
  v_bytes bigint := 0;
  v_dropped bigint;
BEGIN
  IF v_versioning IS NULL THEN o_outcome := 'NoSuchBucket'; RETURN; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(p_key, p_bucket));
  o_versioned := v_versioning <> 'off';
  o_marker := false;
  SELECT o.* INTO v_current FROM sealgate.objects o WHERE o.bucket_id = p_bucket AND o.key = p_key;
  IF p_version_seq IS NOT NULL OR p_version_null THEN
    SELECT r.* INTO v_removed FROM sealgate.remove_version(v_current, p_bucket, p_key, p_version_seq, p_version_tail, p_version_null,
      p_if_match, p_if_none_match, p_if_bytes, p_if_modified_at, p_bypass, p_grace_ms) r;
    o_outcome := v_removed.o_outcome; v_gone := v_removed.o_found; o_marker := v_removed.o_marker;
    IF o_outcome IS NOT NULL THEN RETURN; END IF;
    o_existed := v_gone.seq IS NOT NULL;
    o_seq := v_gone.seq; o_is_null := v_gone.is_null; o_blob := v_gone.blob_id;
    IF NOT o_existed THEN o_outcome := 'ok'; RETURN; END IF;
    v_change := nextval('sealgate.change_seq');
    IF NOT o_marker THEN v_versions := -1; v_bytes := -v_gone.bytes; END IF;
  ELSE
    v_newest := v_current;
    IF v_current.seq IS NULL AND num_nonnulls(p_if_bytes, p_if_modified_at) + (p_if_match IS NOT NULL)::integer > 0 THEN
      SELECT (sealgate.history_object(h)).* INTO v_newest FROM sealgate.history h
      WHERE h.bucket_id = p_bucket AND h.key = p_key ORDER BY h.seq DESC LIMIT 1;
    END IF;
    o_outcome := sealgate.check_preconditions(v_current.etag, p_if_match, p_if_none_match);
    -- A delete marker is something, though no object; nothing at all is not found.
    IF o_outcome = 'NoSuchKey' AND v_newest.seq IS NOT NULL OR sealgate.has_changed(v_newest, p_if_bytes, p_if_modified_at) THEN
      o_outcome := 'PreconditionFailed';
    END IF;
    IF o_outcome IS NOT NULL THEN RETURN; END IF;
    o_existed := v_current.seq IS NOT NULL;
    IF v_versioning = 'off' AND NOT o_existed THEN o_outcome := 'ok'; RETURN; END IF;
    v_change := nextval('sealgate.change_seq');
    v_dropped := sealgate.retire_current(p_bucket, p_key, v_versioning, p_grace_ms);
    IF v_dropped IS NOT NULL THEN v_versions := -1; v_bytes := -v_dropped; END IF;
    IF v_versioning <> 'off' THEN
      INSERT INTO sealgate.history (seq, bytes, modified_at, bucket_id, class, parts, is_null, blob_id, key, etag, delete_marker)
      VALUES (v_change, 0, date_trunc('milliseconds', clock_timestamp()), p_bucket, 0, 0, v_versioning = 'suspended', p_marker,
        p_key, '', true);
      o_marker := true; o_seq := v_change; o_is_null := v_versioning = 'suspended'; o_blob := p_marker;
    END IF;
  END IF;
  -- Action 2: version removed for good. Action 3: delete marker laid.
  INSERT INTO sealgate.audit_log (seq, at, bytes_delta, version_seq, actor, bucket_id, action, versions_delta, blob_id, key,
    request_id, remote_address, detail)
  VALUES (v_change, clock_timestamp(), v_bytes, coalesce(v_gone.seq, CASE WHEN NOT o_marker THEN v_current.seq END), p_actor,
    p_bucket, CASE WHEN o_marker AND v_gone.seq IS NULL THEN 3 ELSE 2 END, v_versions,
    coalesce(v_gone.blob_id, v_current.blob_id), p_key, p_request, p_remote,
    -- What is gone cannot be asked any more whether it was the null version.
    CASE WHEN v_gone.is_null AND o_versioned THEN jsonb_build_object('null', true) END);
  o_outcome := 'ok';
END
$$;
