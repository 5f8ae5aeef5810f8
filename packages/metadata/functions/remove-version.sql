-- Removes one named version of a key whose locks the caller holds, and makes the next one current when it was current.
-- o_found is all NULL when there is no such version.
CREATE OR REPLACE FUNCTION sealgate.remove_version(
  p_current sealgate.objects, p_bucket integer, p_key text, p_version_seq bigint, p_version_tail text, p_version_null boolean,
  p_if_match bytea, p_if_none_match bytea, p_if_bytes bigint, p_if_modified_at timestamptz, p_bypass boolean, p_grace_ms bigint,
  OUT o_outcome text, OUT o_found sealgate.objects, OUT o_marker boolean
)
LANGUAGE plpgsql AS $$
DECLARE
  v_old sealgate.history;
  v_next sealgate.history;
  v_was_current boolean;
BEGIN
  o_marker := false;
  v_was_current := p_current.seq IS NOT NULL AND CASE WHEN p_version_null THEN p_current.is_null ELSE p_current.seq = p_version_seq END;
  IF v_was_current THEN
    o_found := p_current;
  ELSE
    SELECT h.* INTO v_old FROM sealgate.history h
    WHERE h.bucket_id = p_bucket AND h.key = p_key AND CASE WHEN p_version_null THEN h.is_null ELSE h.seq = p_version_seq END;
    o_found := sealgate.history_object(v_old);
    o_marker := coalesce(v_old.delete_marker, false);
  END IF;
  IF o_found.seq IS NOT NULL AND NOT p_version_null
    AND (o_found.is_null OR right(translate(o_found.blob_id::text, '-', ''), 16) <> p_version_tail) THEN
    o_found := NULL; o_marker := false; v_was_current := false;
  END IF;
  o_outcome := sealgate.check_preconditions(CASE WHEN NOT o_marker THEN o_found.etag END, p_if_match, p_if_none_match);
  IF o_outcome = 'NoSuchKey' AND o_marker OR sealgate.has_changed(o_found, p_if_bytes, p_if_modified_at) THEN
    o_outcome := 'PreconditionFailed';
  END IF;
  IF o_outcome IS NOT NULL OR o_found.seq IS NULL THEN RETURN; END IF;
  IF sealgate.is_locked(o_found, p_bypass) THEN o_outcome := 'ObjectLocked'; RETURN; END IF;
  IF v_was_current THEN
    DELETE FROM sealgate.objects o WHERE o.bucket_id = p_bucket AND o.key = p_key;
  ELSE
    DELETE FROM sealgate.history h WHERE h.bucket_id = p_bucket AND h.key = p_key AND h.seq = o_found.seq;
  END IF;
  IF NOT o_marker THEN PERFORM sealgate.doom_version(o_found, p_grace_ms); END IF;
  IF v_was_current OR p_current.seq IS NULL THEN
    SELECT h.* INTO v_next FROM sealgate.history h WHERE h.bucket_id = p_bucket AND h.key = p_key ORDER BY h.seq DESC LIMIT 1;
    IF FOUND AND NOT v_next.delete_marker THEN
      INSERT INTO sealgate.objects SELECT (sealgate.history_object(v_next)).*;
      DELETE FROM sealgate.history h WHERE h.bucket_id = p_bucket AND h.key = p_key AND h.seq = v_next.seq;
    END IF;
  END IF;
END
$$;
