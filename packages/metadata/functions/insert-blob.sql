-- Publishes a blob with its replication intent: missing copies become a repair job now, copies that are still being
-- written a row in owed. False when the id was published or given up before: the caller must not go on.
CREATE OR REPLACE FUNCTION sealgate.insert_blob(
  p_blob uuid, p_bytes bigint, p_bucket integer, p_class integer, p_stripe_bytes integer, p_k smallint, p_m smallint,
  p_block_shift smallint, p_replicas bytea, p_digests bytea, p_states text, p_pending_ms bigint, p_attempt_age_ms bigint
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  -- The fence of the orphan sweep: what is as old as this may already have been swept from the backends.
  IF sealgate.blob_time(p_blob) < now() - p_attempt_age_ms * interval '1 millisecond' THEN RETURN false; END IF;
  INSERT INTO sealgate.blobs (blob_id, bytes, bucket_id, class, stripe_bytes, k, m, block_shift, replicas, digests)
  VALUES (p_blob, p_bytes, p_bucket, p_class, p_stripe_bytes, p_k, p_m, p_block_shift, p_replicas, p_digests)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  IF strpos(p_states, 'p') > 0 THEN
    -- 4194 bytes a millisecond are 4 MiB a second.
    INSERT INTO sealgate.owed (blob_id, due_at)
    VALUES (p_blob, now() + (p_pending_ms + p_bytes / 4194) * interval '1 millisecond');
  END IF;
  IF strpos(p_states, 'm') > 0 THEN PERFORM sealgate.enqueue_repair(p_blob, p_replicas, coalesce(p_k, 1), interval '0'); END IF;
  RETURN true;
END
$$;
