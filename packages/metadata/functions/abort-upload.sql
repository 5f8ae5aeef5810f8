CREATE OR REPLACE FUNCTION sealgate.abort_upload(
  p_bucket integer, p_key text, p_upload_id text, p_actor integer, p_request text, p_remote inet, p_grace_ms bigint
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_upload sealgate.uploads;
BEGIN
  IF sealgate.lock_bucket(p_bucket) IS NULL THEN RETURN 'NoSuchBucket'; END IF;
  v_upload := sealgate.lock_upload(p_bucket, p_key, p_upload_id, true);
  IF v_upload.state IS DISTINCT FROM 'o' THEN RETURN 'NoSuchUpload'; END IF;
  PERFORM sealgate.end_upload(v_upload, p_actor, p_request, p_remote, p_grace_ms);
  RETURN 'ok';
END
$$;
