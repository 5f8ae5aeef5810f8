-- The open or completed upload of this id, under its lock: shared for parts, exclusive for completion and abortion, so
-- that parts are committed side by side but never beside the end of their upload. NULL when there is none.
CREATE OR REPLACE FUNCTION sealgate.lock_upload(p_bucket integer, p_key text, p_upload_id text, p_exclusive boolean)
RETURNS sealgate.uploads
LANGUAGE plpgsql AS $$
DECLARE
  v_upload sealgate.uploads;
BEGIN
  IF p_exclusive THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_upload_id, -1));
  ELSE
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(p_upload_id, -1));
  END IF;
  SELECT u.* INTO v_upload FROM sealgate.uploads u
  WHERE u.upload_id = p_upload_id AND u.bucket_id = p_bucket AND u.key = p_key AND u.state <> 'a';
  RETURN v_upload;
END
$$;
