-- Takes the current version of a key out of objects, before another one or a delete marker takes its place. In an
-- unversioned bucket it goes for good; else it moves to history, but a new null version replaces the old null version
-- wherever that is. Returns the bytes that went for good, NULL when no version did. The caller holds the key's lock.
CREATE OR REPLACE FUNCTION sealgate.retire_current(p_bucket integer, p_key text, p_versioning text, p_grace_ms bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_old sealgate.objects;
BEGIN
  DELETE FROM sealgate.objects o WHERE o.bucket_id = p_bucket AND o.key = p_key RETURNING o.* INTO v_old;
  IF FOUND THEN
    IF p_versioning = 'off' OR (p_versioning = 'suspended' AND v_old.is_null) THEN
      IF v_old.legal_hold OR v_old.retain_until IS NOT NULL THEN PERFORM sealgate.refuse_locked(v_old); END IF;
      PERFORM sealgate.doom_version(v_old, p_grace_ms);
      RETURN v_old.bytes;
    END IF;
    PERFORM sealgate.keep_version(v_old);
  END IF;
  IF p_versioning = 'suspended' THEN RETURN sealgate.drop_null_version(p_bucket, p_key, p_grace_ms); END IF;
  RETURN NULL;
END
$$;
