-- A copy is gone from its backend: the row forgets it. Its place stays barred for a while, since a deletion that was sent
-- for it earlier, and given up as lost, may arrive yet.
CREATE OR REPLACE FUNCTION sealgate.finish_removal(
  p_blob uuid, p_place bytea, p_actor integer, p_request text, p_barred_ms bigint
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_blob sealgate.blobs;
BEGIN
  SELECT b.* INTO v_blob FROM sealgate.blobs b WHERE b.blob_id = p_blob FOR UPDATE;
  UPDATE sealgate.removals r SET state = 'g', due_at = now() + p_barred_ms * interval '1 millisecond'
  WHERE r.blob_id = p_blob AND r.place = p_place AND r.state = 'l';
  IF NOT FOUND OR sealgate.replica_state(v_blob.replicas, p_place) IS DISTINCT FROM 'l' THEN RETURN; END IF;
  UPDATE sealgate.blobs b SET replicas = sealgate.drop_replica(v_blob.replicas, p_place) WHERE b.blob_id = p_blob;
  PERFORM sealgate.note_erased(v_blob.bucket_id, v_blob, p_place);
  -- Action 14: a copy that had left was removed.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, blob_id, replicas, request_id)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, v_blob.bucket_id, 14, p_blob, p_place, p_request);
END
$$;
