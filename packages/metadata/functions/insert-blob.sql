-- Publishes a blob with its replication intent: missing copies become a repair job now. Copies that are still being
-- written stand as pending in the row itself, where find_pending comes by when they should long have come in; it goes by
-- the time in the id, so a blob whose attempt began long ago is noted in owed. A quarter of the wait leaves this
-- transaction three quarters of it to commit in, which is more than any statement may take.
-- False when the id was published or given up before: the caller must not go on.
CREATE OR REPLACE FUNCTION sealgate.insert_blob(
  p_blob uuid, p_bytes bigint, p_bucket integer, p_class integer, p_stripe_bytes integer, p_k smallint, p_m smallint,
  p_block_shift smallint, p_replicas bytea, p_digests bytea, p_states text, p_pending_ms bigint, p_attempt_age_ms bigint
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_began timestamptz := sealgate.blob_time(p_blob);
BEGIN
  -- The fence of the orphan sweep: what is as old as this may already have been swept from the backends.
  IF v_began < now() - p_attempt_age_ms * interval '1 millisecond' THEN RETURN false; END IF;
  INSERT INTO sealgate.blobs (blob_id, bytes, bucket_id, class, stripe_bytes, k, m, block_shift, replicas, digests)
  VALUES (p_blob, p_bytes, p_bucket, p_class, p_stripe_bytes, p_k, p_m, p_block_shift, p_replicas, p_digests)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  IF strpos(p_states, 'p') > 0 AND v_began < now() - p_pending_ms / 4 * interval '1 millisecond' THEN
    -- 4194 bytes a millisecond are 4 MiB a second.
    INSERT INTO sealgate.owed (blob_id, due_at)
    VALUES (p_blob, now() + (p_pending_ms + p_bytes / 4194) * interval '1 millisecond');
  END IF;
  IF strpos(p_states, 'm') > 0 THEN PERFORM sealgate.enqueue_repair(p_blob, p_replicas, coalesce(p_k, 1), interval '0'); END IF;
  RETURN true;
END
$$;
