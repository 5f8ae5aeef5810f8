-- Aborts up to p_limit open uploads of a bucket, whether it still exists or not. Returns how many it found.
CREATE OR REPLACE FUNCTION sealgate.abort_uploads_of(
  p_bucket integer, p_limit integer, p_actor integer, p_request text, p_remote inet, p_grace_ms bigint
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_row sealgate.uploads;
  v_upload sealgate.uploads;
  v_count integer := 0;
BEGIN
  FOR v_row IN SELECT u.* FROM sealgate.uploads u WHERE u.bucket_id = p_bucket AND u.state = 'o' ORDER BY u.key, u.num LIMIT p_limit LOOP
    v_upload := sealgate.lock_upload(p_bucket, v_row.key, v_row.upload_id, true);
    IF v_upload.state = 'o' THEN
      PERFORM sealgate.end_upload(v_upload, p_actor, p_request, p_remote, p_grace_ms);
    END IF;
    v_count := v_count + 1;
  END LOOP;
  RETURN v_count;
END
$$;
