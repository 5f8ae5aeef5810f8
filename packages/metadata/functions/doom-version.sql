-- Queues the bytes of a version that has just gone for deletion.
CREATE OR REPLACE FUNCTION sealgate.doom_version(p_old sealgate.objects, p_grace_ms bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_due timestamptz := now() + p_grace_ms * interval '1 millisecond';
BEGIN
  IF p_old.parts = 0 THEN
    INSERT INTO sealgate.deletions (blob_id, due_at, seq, bucket_id, key)
    VALUES (coalesce(p_old.data_blob, p_old.blob_id), v_due, p_old.seq, p_old.bucket_id, p_old.key);
  ELSE
    INSERT INTO sealgate.deletions (blob_id, due_at, upload, part_number, bucket_id)
    SELECT p.blob_id, v_due, p.upload, p.part_number, p_old.bucket_id FROM sealgate.parts p WHERE p.upload = p_old.upload;
    UPDATE sealgate.uploads u SET state = 'd', finished_at = now() WHERE u.num = p_old.upload;
  END IF;
END
$$;
