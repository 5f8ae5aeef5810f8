-- A copy is gone from its backend: the row forgets it. Its place stays barred for a while, since a deletion that was sent
-- for it earlier, and given up as lost, may arrive yet.
CREATE OR REPLACE FUNCTION sealgate.finish_removal(
  p_blob uuid, p_place bytea, p_actor integer, p_request text, p_barred_ms bigint
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_replicas bytea;
  v_bucket integer;
BEGIN
  SELECT b.replicas, b.bucket_id INTO v_replicas, v_bucket FROM sealgate.blobs b WHERE b.blob_id = p_blob FOR UPDATE;
  UPDATE sealgate.removals r SET state = 'g', due_at = now() + p_barred_ms * interval '1 millisecond'
  WHERE r.blob_id = p_blob AND r.place = p_place AND r.state = 'l';
  IF NOT FOUND OR sealgate.replica_state(v_replicas, p_place) IS DISTINCT FROM 'l' THEN RETURN; END IF;
  UPDATE sealgate.blobs b SET replicas = sealgate.drop_replica(v_replicas, p_place) WHERE b.blob_id = p_blob;
  -- Action 14: a copy that had left was removed.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, blob_id, replicas, request_id)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, v_bucket, 14, p_blob, p_place, p_request);
END
$$;
