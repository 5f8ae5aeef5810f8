-- Removes the null version of a key from history, if there is one: a new null version replaces it. Returns its bytes,
-- or NULL when there was none (or only a delete marker).
CREATE OR REPLACE FUNCTION sealgate.drop_null_version(p_bucket integer, p_key text, p_grace_ms bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_old sealgate.history;
BEGIN
  DELETE FROM sealgate.history h WHERE h.bucket_id = p_bucket AND h.key = p_key AND h.is_null RETURNING h.* INTO v_old;
  IF NOT FOUND OR v_old.delete_marker THEN RETURN NULL; END IF;
  PERFORM sealgate.refuse_locked(sealgate.history_object(v_old));
  PERFORM sealgate.doom_version(sealgate.history_object(v_old), p_grace_ms);
  RETURN v_old.bytes;
END
$$;
