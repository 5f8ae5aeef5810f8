-- Leases versions whose retention is to be told, once copies that were still being written have come in (p_wait_ms): their
-- time moves on by the lease. A version that has gone, or whose
-- retention is over, has nothing to tell and leaves the queue.
CREATE OR REPLACE FUNCTION sealgate.lease_lock_pushes(p_limit integer, p_lease_ms bigint, p_wait_ms bigint)
RETURNS TABLE (o_seq bigint, o_bucket integer, o_key text, o_is_null boolean, o_blob uuid, o_until timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
  v_due sealgate.lock_pushes;
BEGIN
  FOR v_due IN
    SELECT p.* FROM sealgate.lock_pushes p WHERE p.due_at <= now() - p_wait_ms * interval '1 millisecond' ORDER BY p.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    SELECT v.is_null, v.blob_id, v.retain_until INTO o_is_null, o_blob, o_until FROM (
      SELECT o.is_null, o.blob_id, o.retain_until FROM sealgate.objects o
      WHERE o.bucket_id = v_due.bucket_id AND o.key = v_due.key AND o.seq = v_due.seq
      UNION ALL
      SELECT h.is_null, h.blob_id, h.retain_until FROM sealgate.history h
      WHERE h.bucket_id = v_due.bucket_id AND h.key = v_due.key AND h.seq = v_due.seq) v;
    IF NOT FOUND OR o_until IS NULL OR o_until <= now() THEN
      DELETE FROM sealgate.lock_pushes p WHERE p.seq = v_due.seq;
      CONTINUE;
    END IF;
    UPDATE sealgate.lock_pushes p SET due_at = now() + p_lease_ms * interval '1 millisecond' WHERE p.seq = v_due.seq;
    o_seq := v_due.seq; o_bucket := v_due.bucket_id; o_key := v_due.key;
    RETURN NEXT;
  END LOOP;
END
$$;
