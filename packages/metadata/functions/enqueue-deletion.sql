-- Gives an attempt up: its blob id can never be published from now on, and what landed is removed later. When the id
-- was published after all (the commit's answer was lost), only copies go that its row does not name: a stray one that
-- another backend took the place of, or that came to a place when it had left.
CREATE OR REPLACE FUNCTION sealgate.enqueue_deletion(
  p_blob uuid, p_bucket integer, p_replicas bytea, p_grace_ms bigint
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_known bytea;
BEGIN
  INSERT INTO sealgate.blobs (blob_id, bytes, bucket_id, class, block_shift, replicas, digests)
  VALUES (p_blob, 0, p_bucket, 0, 0, p_replicas, '') ON CONFLICT DO NOTHING;
  IF FOUND THEN
    INSERT INTO sealgate.deletions (blob_id, due_at, bucket_id)
    VALUES (p_blob, now() + p_grace_ms * interval '1 millisecond', p_bucket);
    RETURN;
  END IF;
  SELECT b.replicas INTO v_known FROM sealgate.blobs b WHERE b.blob_id = p_blob FOR UPDATE;
  IF NOT EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = p_blob) THEN
    FOR i IN 0 .. octet_length(p_replicas) / 4 - 1 LOOP
      IF sealgate.replica_state(v_known, substring(p_replicas FROM i * 4 + 1 FOR 3)) IS NULL THEN
        INSERT INTO sealgate.removals (blob_id, place, bucket_id, needed, due_at)
        VALUES (p_blob, substring(p_replicas FROM i * 4 + 1 FOR 3), p_bucket, 0, now() + p_grace_ms * interval '1 millisecond')
        ON CONFLICT (blob_id, place) DO UPDATE SET state = 'w', due_at = excluded.due_at;
      END IF;
    END LOOP;
    RETURN;
  END IF;
  FOR i IN 0 .. octet_length(p_replicas) / 4 - 1 LOOP
    v_known := sealgate.set_replica(v_known, substring(p_replicas FROM i * 4 + 1 FOR 4));
  END LOOP;
  UPDATE sealgate.blobs b SET replicas = v_known WHERE b.blob_id = p_blob;
END
$$;
