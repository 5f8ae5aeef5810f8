-- What the lifecycle does to a version that it judged a while ago: only if the version still is what was judged, under
-- the locks that its writers take. delete_object then does it, with its own look at object lock.
CREATE OR REPLACE FUNCTION sealgate.expire_version(
  p_bucket integer, p_key text, p_seq bigint, p_tags jsonb, p_place text, p_newer integer, p_marker uuid,
  p_actor integer, p_request text, p_remote inet, p_grace_ms bigint
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_current sealgate.objects;
  v_old sealgate.history;
  v_outcome text;
BEGIN
  IF sealgate.lock_bucket(p_bucket) IS NULL THEN RETURN 'changed'; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(p_key, p_bucket));
  SELECT o.* INTO v_current FROM sealgate.objects o WHERE o.bucket_id = p_bucket AND o.key = p_key;
  IF p_place = 'current' THEN
    IF v_current.seq IS DISTINCT FROM p_seq OR v_current.tags IS DISTINCT FROM p_tags THEN RETURN 'changed'; END IF;
  ELSE
    SELECT h.* INTO v_old FROM sealgate.history h WHERE h.bucket_id = p_bucket AND h.key = p_key AND h.seq = p_seq;
    IF NOT FOUND OR v_old.tags IS DISTINCT FROM p_tags THEN RETURN 'changed'; END IF;
    IF p_place = 'lone-marker' THEN
      IF NOT v_old.delete_marker OR v_current.seq IS NOT NULL OR EXISTS (SELECT FROM sealgate.history h
        WHERE h.bucket_id = p_bucket AND h.key = p_key AND h.seq <> p_seq) THEN RETURN 'changed'; END IF;
    ELSE
      -- Noncurrent: something newer is there, and so are the versions that were to be kept.
      IF v_current.seq IS NULL AND NOT EXISTS (SELECT FROM sealgate.history h
        WHERE h.bucket_id = p_bucket AND h.key = p_key AND h.seq > p_seq) THEN RETURN 'changed'; END IF;
      IF p_newer > (SELECT count(*) FROM (SELECT FROM sealgate.history h
        WHERE h.bucket_id = p_bucket AND h.key = p_key AND h.seq > p_seq AND NOT h.delete_marker LIMIT p_newer) n) THEN
        RETURN 'changed';
      END IF;
    END IF;
  END IF;
  SELECT r.o_outcome INTO v_outcome FROM sealgate.delete_object(
    p_bucket => p_bucket, p_key => p_key, p_marker => p_marker,
    p_version_seq => CASE WHEN NOT v_old.is_null THEN v_old.seq END,
    p_version_tail => right(translate(v_old.blob_id::text, '-', ''), 16),
    p_version_null => coalesce(v_old.is_null, false),
    p_if_match => NULL, p_if_none_match => NULL, p_if_bytes => NULL, p_if_modified_at => NULL, p_bypass => false,
    p_actor => p_actor, p_request => p_request, p_remote => p_remote, p_grace_ms => p_grace_ms) r;
  RETURN CASE v_outcome WHEN 'ok' THEN 'done' WHEN 'ObjectLocked' THEN 'locked' ELSE v_outcome END;
END
$$;
