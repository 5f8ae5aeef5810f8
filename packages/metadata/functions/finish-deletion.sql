-- The named replicas (three bytes each: backend, shard) are gone from their backends. With the last one the blob goes.
CREATE OR REPLACE FUNCTION sealgate.finish_deletion(p_blob uuid, p_places bytea, p_actor integer, p_request text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_left bytea;
  v_blob sealgate.blobs;
  v_upload bigint;
  v_part smallint;
BEGIN
  SELECT b.* INTO v_blob FROM sealgate.blobs b
  WHERE b.blob_id = p_blob AND EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = b.blob_id) FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM set_config('synchronous_commit', 'off', true);
  v_left := v_blob.replicas;
  FOR i IN 0 .. octet_length(p_places) / 3 - 1 LOOP
    v_left := sealgate.drop_replica(v_left, substring(p_places FROM i * 3 + 1 FOR 3));
  END LOOP;
  IF v_left = '' THEN
    DELETE FROM sealgate.deletions d WHERE d.blob_id = p_blob RETURNING d.upload, d.part_number INTO v_upload, v_part;
    DELETE FROM sealgate.parts p WHERE p.upload = v_upload AND p.part_number = v_part AND p.blob_id = p_blob;
    DELETE FROM sealgate.owed o WHERE o.blob_id = p_blob;
    DELETE FROM sealgate.blobs b WHERE b.blob_id = p_blob;
  ELSE
    UPDATE sealgate.blobs b SET replicas = v_left WHERE b.blob_id = p_blob;
  END IF;
  PERFORM sealgate.note_erased(v_blob.bucket_id, v_blob, p_places);
  -- Action 11: replicas removed.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, blob_id, replicas, request_id)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 11, p_blob, p_places, p_request);
END
$$;
