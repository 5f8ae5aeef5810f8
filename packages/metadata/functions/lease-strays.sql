-- Leases strays that are due. Each is looked at again under its blob's row; what the row names by now is no stray.
CREATE OR REPLACE FUNCTION sealgate.lease_strays(p_limit integer, p_lease_ms bigint)
RETURNS TABLE (o_blob uuid, o_backend smallint, o_shard smallint, o_bucket text)
LANGUAGE plpgsql AS $$
DECLARE
  v_due sealgate.strays;
  v_own integer;
  v_replicas bytea;
BEGIN
  IF EXISTS (SELECT FROM sealgate.holds h WHERE h.name = 'orphan-sweep') THEN RETURN; END IF;
  FOR v_due IN
    SELECT s.* FROM sealgate.strays s WHERE s.removed_at IS NULL AND s.due_at <= now()
    ORDER BY s.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    SELECT b.bucket_id, b.replicas INTO v_own, v_replicas FROM sealgate.blobs b WHERE b.blob_id = v_due.blob_id FOR UPDATE;
    IF FOUND AND sealgate.lies_at(v_own, v_replicas, v_due.backend, v_due.shard, v_due.bucket) THEN
      DELETE FROM sealgate.strays s WHERE s.blob_id = v_due.blob_id AND s.backend = v_due.backend AND s.shard = v_due.shard
        AND s.bucket = v_due.bucket;
      CONTINUE;
    END IF;
    UPDATE sealgate.strays s SET due_at = now() + p_lease_ms * interval '1 millisecond'
    WHERE s.blob_id = v_due.blob_id AND s.backend = v_due.backend AND s.shard = v_due.shard AND s.bucket = v_due.bucket;
    o_blob := v_due.blob_id;
    o_backend := v_due.backend;
    o_shard := v_due.shard;
    o_bucket := v_due.bucket;
    RETURN NEXT;
  END LOOP;
END
$$;
