-- Turns the state of one replica (p_entry, four bytes). False when a stored copy is not wanted: the blob is to go, its
-- place is one that is being emptied, or, with p_known, the row does not name it. With p_known what is not there already
-- changes nothing.
CREATE OR REPLACE FUNCTION sealgate.mark_replica(
  p_blob uuid, p_entry bytea, p_known boolean, p_actor integer, p_request text, p_grace_ms bigint
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_old bytea;
  v_new bytea;
  v_k smallint;
  v_bucket integer;
  v_was "char";
  v_place bytea := substring(p_entry FROM 1 FOR 3);
  v_stored boolean := get_byte(p_entry, 3) = ascii('s');
BEGIN
  SELECT b.replicas, b.k, b.bucket_id INTO v_old, v_k, v_bucket FROM sealgate.blobs b WHERE b.blob_id = p_blob FOR UPDATE;
  IF NOT FOUND OR EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = p_blob) THEN RETURN false; END IF;
  v_was := sealgate.replica_state(v_old, v_place);
  IF v_was = 'l' THEN RETURN NOT v_stored; END IF;
  IF v_was IS NULL AND (p_known OR EXISTS (SELECT FROM sealgate.removals r WHERE r.blob_id = p_blob AND r.place = v_place)) THEN
    RETURN NOT v_stored;
  END IF;
  v_new := sealgate.set_replica(v_old, p_entry);
  IF v_new = v_old THEN RETURN true; END IF;
  -- A further place, whose copy the sweep has claimed or just removed: it is no replica, whatever was verified before.
  IF v_was IS NULL AND EXISTS (SELECT FROM sealgate.strays s
      WHERE s.blob_id = p_blob AND int2send(s.backend) || substring(int2send(s.shard) FROM 2) = v_place) THEN
    RETURN NOT v_stored;
  END IF;
  -- Losing this commit in a crash loses a piece of knowledge that repair finds again, so nobody waits for the disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  UPDATE sealgate.blobs b SET replicas = v_new WHERE b.blob_id = p_blob;
  IF sealgate.count_replicas(v_new, 'p') = 0 THEN DELETE FROM sealgate.owed o WHERE o.blob_id = p_blob; END IF;
  IF v_stored THEN
    PERFORM sealgate.arm_removals(p_blob, v_new, p_grace_ms);
    -- A copy that comes with its write hears of a retention with it.
    IF v_was IS DISTINCT FROM 'p' THEN PERFORM sealgate.note_locks_of_blob(p_blob, v_bucket); END IF;
  ELSIF get_byte(p_entry, 3) = ascii('m') THEN
    PERFORM sealgate.enqueue_repair(p_blob, v_new, coalesce(v_k, 1));
  END IF;
  -- Action 10: replica changed.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, blob_id, replicas, request_id)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 10, p_blob, p_entry, p_request);
  RETURN true;
END
$$;
