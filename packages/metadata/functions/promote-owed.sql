-- Turns copies that were still being written long after their commit into missing ones, with a repair job each.
CREATE OR REPLACE FUNCTION sealgate.promote_owed(p_limit integer, p_pending_ms bigint, p_actor integer, p_request text) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_blob sealgate.blobs;
  v_due uuid;
  v_lost bytea;
  v_count integer := 0;
BEGIN
  PERFORM sealgate.find_pending(p_limit, p_pending_ms);
  FOR v_due IN
    SELECT o.blob_id FROM sealgate.owed o WHERE o.due_at <= now() ORDER BY o.blob_id LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    DELETE FROM sealgate.owed o WHERE o.blob_id = v_due;
    SELECT b.* INTO v_blob FROM sealgate.blobs b WHERE b.blob_id = v_due FOR UPDATE;
    IF FOUND AND NOT EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = v_due) THEN
      v_lost := '';
      FOR i IN 0 .. octet_length(v_blob.replicas) / 4 - 1 LOOP
        IF get_byte(v_blob.replicas, i * 4 + 3) = ascii('p') THEN
          v_blob.replicas := set_byte(v_blob.replicas, i * 4 + 3, ascii('m'));
          v_lost := v_lost || substring(v_blob.replicas FROM i * 4 + 1 FOR 4);
        END IF;
      END LOOP;
      UPDATE sealgate.blobs b SET replicas = v_blob.replicas WHERE b.blob_id = v_due;
      PERFORM sealgate.enqueue_repair(v_due, v_blob.replicas, coalesce(v_blob.k, 1));
      IF v_lost <> '' THEN
        -- Action 10: replica changed.
        INSERT INTO sealgate.audit_log (seq, at, actor, action, blob_id, replicas, request_id)
        VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 10, v_due, v_lost, p_request);
      END IF;
    END IF;
    v_count := v_count + 1;
  END LOOP;
  RETURN v_count;
END
$$;
