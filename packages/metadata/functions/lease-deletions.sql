-- Leases due deletions: their time moves on by the lease. The reference that each came from is checked again, through
-- its primary key; a blob that something still refers to is never handed out and leaves the queue.
CREATE OR REPLACE FUNCTION sealgate.lease_deletions(p_limit integer, p_lease_ms bigint)
RETURNS TABLE (o_blob uuid, o_bucket integer, o_replicas bytea)
LANGUAGE plpgsql AS $$
DECLARE
  v_due sealgate.deletions;
BEGIN
  FOR v_due IN
    SELECT d.* FROM sealgate.deletions d WHERE d.due_at <= now() ORDER BY d.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    IF EXISTS (SELECT FROM sealgate.objects o WHERE o.bucket_id = v_due.bucket_id AND o.key = v_due.key
        AND coalesce(o.data_blob, o.blob_id) = v_due.blob_id AND o.parts = 0)
      OR EXISTS (SELECT FROM sealgate.history h WHERE h.bucket_id = v_due.bucket_id AND h.key = v_due.key AND h.seq = v_due.seq
        AND coalesce(h.data_blob, h.blob_id) = v_due.blob_id AND h.parts = 0)
      OR EXISTS (SELECT FROM sealgate.parts p JOIN sealgate.uploads u ON u.num = p.upload
        WHERE p.upload = v_due.upload AND p.part_number = v_due.part_number AND p.blob_id = v_due.blob_id
          AND u.state IN ('o', 'c')) THEN
      RAISE WARNING 'sealgate: blob % was queued for deletion but is referred to; kept', v_due.blob_id;
      DELETE FROM sealgate.deletions d WHERE d.blob_id = v_due.blob_id;
      CONTINUE;
    END IF;
    UPDATE sealgate.deletions d SET due_at = now() + p_lease_ms * interval '1 millisecond' WHERE d.blob_id = v_due.blob_id;
    SELECT b.blob_id, b.bucket_id, b.replicas INTO o_blob, o_bucket, o_replicas FROM sealgate.blobs b WHERE b.blob_id = v_due.blob_id;
    RETURN NEXT;
  END LOOP;
END
$$;
