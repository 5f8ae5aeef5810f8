-- Publishes a blob with its replication intent: missing copies become a repair job now, copies that are still being
-- written a row in owed. False when the id was published or given up before: the caller must not go on.
CREATE OR REPLACE FUNCTION sealgate.insert_blob(p_blob sealgate.blobs, p_settings jsonb) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_states text := '';
  v_written_at timestamptz := to_timestamp(('x' || translate(left(p_blob.blob_id::text, 13), '-', ''))::bit(48)::bigint / 1000.0);
BEGIN
  -- The fence of the orphan sweep: what is as old as this may already have been swept from the backends.
  IF v_written_at < now() - (p_settings ->> 'attemptAgeMaxMs')::bigint * interval '1 millisecond' THEN RETURN false; END IF;
  INSERT INTO sealgate.blobs SELECT p_blob.* ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  FOR i IN 0 .. octet_length(p_blob.replicas) / 4 - 1 LOOP
    v_states := v_states || chr(get_byte(p_blob.replicas, i * 4 + 3));
  END LOOP;
  IF strpos(v_states, 'p') > 0 THEN
    INSERT INTO sealgate.owed (blob_id, due_at)
    VALUES (p_blob.blob_id, now() + ((p_settings ->> 'pendingGraceMs')::bigint + p_blob.bytes / 4194) * interval '1 millisecond');
  END IF;
  IF strpos(v_states, 'm') > 0 THEN
    PERFORM sealgate.enqueue_repair(p_blob.blob_id, p_blob.replicas, coalesce(p_blob.k, 1), interval '0');
  END IF;
  RETURN true;
END
$$;
