-- Turns the state of one replica (p_entry, four bytes). False when the blob is not wanted any more. With p_known the
-- entry must already be there, else nothing happens.
CREATE OR REPLACE FUNCTION sealgate.mark_replica(
  p_blob uuid, p_entry bytea, p_known boolean, p_actor integer, p_request text
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_old bytea;
  v_new bytea;
  v_k smallint;
  v_owing boolean := false;
BEGIN
  SELECT b.replicas, b.k INTO v_old, v_k FROM sealgate.blobs b WHERE b.blob_id = p_blob FOR UPDATE;
  IF NOT FOUND OR EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = p_blob) THEN RETURN false; END IF;
  v_new := sealgate.set_replica(v_old, p_entry);
  IF v_new = v_old OR (p_known AND octet_length(v_new) > octet_length(v_old)) THEN RETURN true; END IF;
  -- Losing this commit in a crash loses a piece of knowledge that repair finds again, so nobody waits for the disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  UPDATE sealgate.blobs b SET replicas = v_new WHERE b.blob_id = p_blob;
  FOR i IN 0 .. octet_length(v_new) / 4 - 1 LOOP
    v_owing := v_owing OR get_byte(v_new, i * 4 + 3) = ascii('p');
  END LOOP;
  IF NOT v_owing THEN DELETE FROM sealgate.owed o WHERE o.blob_id = p_blob; END IF;
  IF get_byte(p_entry, 3) = ascii('m') THEN PERFORM sealgate.enqueue_repair(p_blob, v_new, coalesce(v_k, 1), interval '0'); END IF;
  -- Action 10: replica changed.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, blob_id, replicas, request_id)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 10, p_blob, p_entry, p_request);
  RETURN true;
END
$$;
