-- Changes the replicas of one blob, if they still are as expected: copies are owed to further places, others are to leave.
-- 'refused': a caller that would lose a copy without its removal, or call one stored that nobody verified.
-- 'barred': a place that is being emptied. A deletion that is under way could take the new copy.
CREATE OR REPLACE FUNCTION sealgate.change_replicas(
  p_blob uuid, p_expected bytea, p_next bytea, p_actor integer, p_request text, p_grace_ms bigint
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_now bytea;
  v_k smallint;
  v_bucket integer;
  v_place bytea;
  v_was "char";
  v_state "char";
  v_anew boolean := false;
  v_needed smallint := sealgate.count_replicas(p_next, 'spm');
BEGIN
  SELECT b.replicas, b.k, b.bucket_id INTO v_now, v_k, v_bucket FROM sealgate.blobs b WHERE b.blob_id = p_blob FOR UPDATE;
  IF NOT FOUND OR v_now <> p_expected OR EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = p_blob) THEN
    RETURN 'changed';
  END IF;
  FOR i IN 0 .. octet_length(v_now) / 4 - 1 LOOP
    IF sealgate.replica_state(p_next, substring(v_now FROM i * 4 + 1 FOR 3)) IS NULL THEN RETURN 'refused'; END IF;
  END LOOP;
  FOR i IN 0 .. octet_length(p_next) / 4 - 1 LOOP
    v_place := substring(p_next FROM i * 4 + 1 FOR 3);
    v_state := chr(get_byte(p_next, i * 4 + 3));
    v_was := sealgate.replica_state(v_now, v_place);
    IF v_state IN ('s', 'p') AND v_state IS DISTINCT FROM v_was THEN RETURN 'refused'; END IF;
    -- What is still being written must not leave: its writer would put it there after all.
    IF v_state = 'l' AND (v_was IS NULL OR v_was = 'p') THEN RETURN 'refused'; END IF;
    IF v_state = 'm' AND coalesce(v_was, 'l') = 'l' AND EXISTS (
      SELECT FROM sealgate.removals r WHERE r.blob_id = p_blob AND r.place = v_place AND (r.state <> 'w' OR v_was IS NULL)
    ) THEN RETURN 'barred'; END IF;
    v_anew := v_anew OR (v_state = 'm' AND coalesce(v_was, 'l') = 'l');
    IF v_was IS NULL AND EXISTS (SELECT FROM sealgate.strays s WHERE s.blob_id = p_blob
        AND s.backend = get_byte(v_place, 0) * 256 + get_byte(v_place, 1) AND s.shard = get_byte(v_place, 2)) THEN RETURN 'barred'; END IF;
  END LOOP;
  UPDATE sealgate.blobs b SET replicas = p_next WHERE b.blob_id = p_blob;
  FOR i IN 0 .. octet_length(p_next) / 4 - 1 LOOP
    v_place := substring(p_next FROM i * 4 + 1 FOR 3);
    IF get_byte(p_next, i * 4 + 3) = ascii('l') THEN
      INSERT INTO sealgate.removals (blob_id, place, bucket_id, needed, due_at) VALUES (p_blob, v_place, v_bucket, v_needed, 'infinity')
      ON CONFLICT (blob_id, place) DO UPDATE SET needed = excluded.needed;
    ELSIF get_byte(p_next, i * 4 + 3) = ascii('m') THEN
      DELETE FROM sealgate.removals r WHERE r.blob_id = p_blob AND r.place = v_place;
    END IF;
  END LOOP;
  PERFORM sealgate.arm_removals(p_blob, p_next, p_grace_ms);
  IF sealgate.count_replicas(p_next, 'm') > 0 THEN
    PERFORM sealgate.enqueue_repair(p_blob, p_next, coalesce(v_k, 1));
    -- What a repair waits for is another place's trouble: at the new one nobody has tried yet.
    IF v_anew THEN
      UPDATE pgboss.job j SET start_after = now()
      WHERE j.name = 'repair' AND j.singleton_key = p_blob::text AND j.state < 'active' AND j.start_after > now();
    END IF;
  END IF;
  -- Action 13: replicas placed anew.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, blob_id, replicas, request_id)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, v_bucket, 13, p_blob, p_next, p_request);
  RETURN 'done';
END
$$;
