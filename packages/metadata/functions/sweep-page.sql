-- Judges what one page of a backend's listing holds, and claims what is to go: each entry is a blob's copy or shard that
-- lies in this bucket. Entries younger than the age at which an attempt can still be published are left alone.
--
-- A blob that nothing knows is given up, as its own writer would have done: the same primary key that a commit would need
-- decides between the two (see enqueue_deletion). A copy that its blob's row does not name becomes a stray, under the lock
-- of that row, so that whoever names the place either was first and is seen, or comes later and is refused.
-- p_settled: the backend says that the copy has been lying there for long; a copy just written may be about to be named.
CREATE OR REPLACE FUNCTION sealgate.sweep_page(
  p_backend smallint, p_bucket text, p_blobs uuid[], p_shards smallint[], p_settled boolean[], p_attempt_age_ms bigint,
  p_actor integer, p_request text, OUT o_held boolean, OUT o_unknown integer, OUT o_misplaced integer
)
LANGUAGE plpgsql AS $$
DECLARE
  v_bucket integer;
  v_entry record;
  v_own integer;
  v_replicas bytea;
BEGIN
  o_unknown := 0;
  o_misplaced := 0;
  o_held := EXISTS (SELECT FROM sealgate.holds h WHERE h.name = 'orphan-sweep');
  SELECT min(p.bucket_id) INTO v_bucket FROM sealgate.physical_buckets p WHERE p.backend = p_backend AND p.name = p_bucket;
  IF o_held OR v_bucket IS NULL THEN RETURN; END IF;
  FOR v_entry IN
    SELECT e.blob, e.shard, e.settled, b.blob_id IS NULL AS unknown
    FROM unnest(p_blobs, p_shards, p_settled) AS e (blob, shard, settled)
    LEFT JOIN sealgate.blobs b ON b.blob_id = e.blob
    WHERE sealgate.blob_time(e.blob) < now() - p_attempt_age_ms * interval '1 millisecond'
      AND (b.blob_id IS NULL
        OR e.settled AND NOT sealgate.lies_at(b.bucket_id, b.replicas, p_backend, e.shard, p_bucket))
  LOOP
    IF v_entry.unknown THEN
      INSERT INTO sealgate.blobs (blob_id, bytes, bucket_id, class, block_shift, replicas, digests)
      VALUES (v_entry.blob, 0, v_bucket, 0, 0,
        int2send(p_backend) || substring(int2send(v_entry.shard) FROM 2) || convert_to('p', 'UTF8'), '')
      ON CONFLICT DO NOTHING;
      IF FOUND THEN
        INSERT INTO sealgate.deletions (blob_id, due_at, bucket_id) VALUES (v_entry.blob, now(), v_bucket);
        o_unknown := o_unknown + 1;
      END IF;
      -- Else another shard of it came before, or somebody else was quicker: the next sweep sees what that means.
      CONTINUE;
    END IF;
    SELECT b.bucket_id, b.replicas INTO v_own, v_replicas FROM sealgate.blobs b WHERE b.blob_id = v_entry.blob FOR UPDATE;
    CONTINUE WHEN NOT FOUND OR sealgate.lies_at(v_own, v_replicas, p_backend, v_entry.shard, p_bucket)
      -- On its way out already, by another queue.
      OR EXISTS (SELECT FROM sealgate.removals r WHERE r.blob_id = v_entry.blob
        AND r.place = int2send(p_backend) || substring(int2send(v_entry.shard) FROM 2));
    INSERT INTO sealgate.strays AS s (due_at, blob_id, backend, shard, bucket)
    VALUES (now(), v_entry.blob, p_backend, v_entry.shard, p_bucket)
    ON CONFLICT (blob_id, backend, shard, bucket) DO UPDATE SET due_at = now(), removed_at = NULL WHERE s.removed_at IS NOT NULL;
    IF FOUND THEN o_misplaced := o_misplaced + 1; END IF;
  END LOOP;
  IF o_unknown + o_misplaced > 0 THEN
    -- Action 115: orphans found.
    INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, detail)
    VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 115, p_request,
      jsonb_build_object('backend', p_backend, 'bucket', p_bucket, 'unknown', o_unknown, 'misplaced', o_misplaced));
  END IF;
END
$$;
