-- Leases single copies that are to go. Each is looked at again, in its blob's row: it must not be wanted there, and all
-- others must be stored. Whoever changes a row takes it before its removals, so a row that is taken is left for later.
CREATE OR REPLACE FUNCTION sealgate.lease_removals(p_limit integer, p_lease_ms bigint)
RETURNS TABLE (o_blob uuid, o_bucket integer, o_place bytea)
LANGUAGE plpgsql AS $$
DECLARE
  v_due sealgate.removals;
  v_replicas bytea;
  v_state "char";
BEGIN
  FOR v_due IN
    SELECT r.* FROM sealgate.removals r WHERE r.due_at <= now() ORDER BY r.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    IF v_due.state = 'g' THEN
      DELETE FROM sealgate.removals r WHERE r.blob_id = v_due.blob_id AND r.place = v_due.place;
      CONTINUE;
    END IF;
    SELECT b.replicas INTO v_replicas FROM sealgate.blobs b WHERE b.blob_id = v_due.blob_id FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      CONTINUE WHEN EXISTS (SELECT FROM sealgate.blobs b WHERE b.blob_id = v_due.blob_id);
      v_replicas := '';
    END IF;
    v_state := sealgate.replica_state(v_replicas, v_due.place);
    IF v_state IS NOT NULL AND EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = v_due.blob_id) THEN
      -- The whole blob goes, this copy with it.
      DELETE FROM sealgate.removals r WHERE r.blob_id = v_due.blob_id AND r.place = v_due.place;
      CONTINUE;
    ELSIF v_state IS DISTINCT FROM 'l' AND v_state IS NOT NULL THEN
      DELETE FROM sealgate.removals r WHERE r.blob_id = v_due.blob_id AND r.place = v_due.place;
      CONTINUE;
    ELSIF v_state = 'l' AND (sealgate.count_replicas(v_replicas, 'mp') > 0
        OR sealgate.count_replicas(v_replicas, 's') < v_due.needed) THEN
      UPDATE sealgate.removals r SET due_at = 'infinity', state = 'w' WHERE r.blob_id = v_due.blob_id AND r.place = v_due.place;
      CONTINUE;
    END IF;
    UPDATE sealgate.removals r SET due_at = now() + p_lease_ms * interval '1 millisecond', state = 'l'
    WHERE r.blob_id = v_due.blob_id AND r.place = v_due.place;
    o_blob := v_due.blob_id; o_bucket := v_due.bucket_id; o_place := v_due.place;
    RETURN NEXT;
  END LOOP;
END
$$;
