-- Aborts one open upload whose lock the caller holds: its parts are doomed, its row stays as 'aborted' for a while.
CREATE OR REPLACE FUNCTION sealgate.end_upload(
  p_upload sealgate.uploads, p_actor integer, p_request text, p_remote inet, p_grace_ms bigint
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sealgate.deletions (blob_id, due_at, upload, part_number, bucket_id)
  SELECT p.blob_id, now() + p_grace_ms * interval '1 millisecond', p.upload, p.part_number,
    p_upload.bucket_id
  FROM sealgate.parts p WHERE p.upload = p_upload.num;
  DELETE FROM sealgate.parts p WHERE p.upload = p_upload.num;
  UPDATE sealgate.uploads u SET state = 'a', finished_at = now() WHERE u.num = p_upload.num;
  -- Action 6: upload aborted.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, key, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, p_upload.bucket_id, 6, p_upload.key, p_request, p_remote,
    jsonb_build_object('uploadId', p_upload.upload_id));
END
$$;
