-- Removes up to p_limit rows of one kind that nobody needs any more, p_keep_ms after they became so. How many.
CREATE OR REPLACE FUNCTION sealgate.vacuum(
  p_kind text, p_keep_ms bigint, p_limit integer, p_actor integer, p_request text
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_before timestamptz := now() - p_keep_ms * interval '1 millisecond';
  v_bucket record;
  v_snapshot record;
  v_count integer := 0;
BEGIN
  CASE p_kind
  WHEN 'strays' THEN
    DELETE FROM sealgate.strays s WHERE s.ctid = ANY (ARRAY(
      SELECT o.ctid FROM sealgate.strays o WHERE o.removed_at < v_before ORDER BY o.removed_at LIMIT p_limit FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS v_count = ROW_COUNT;
  WHEN 'probes' THEN
    -- The newest one of each backend stays, however old it is.
    DELETE FROM sealgate.backend_probes p WHERE (p.backend, p.probed_at) IN (
      SELECT o.backend, o.probed_at FROM sealgate.backend_probes o
      WHERE o.probed_at < v_before
        AND EXISTS (SELECT FROM sealgate.backend_probes n WHERE n.backend = o.backend AND n.probed_at > o.probed_at)
      LIMIT p_limit);
    GET DIAGNOSTICS v_count = ROW_COUNT;
  WHEN 'usage' THEN
    -- Whole hours, which nothing adds to any more. What is stored now is counted elsewhere.
    DELETE FROM sealgate.usage_hourly u WHERE u.ctid = ANY (ARRAY(
      SELECT o.ctid FROM sealgate.usage_hourly o WHERE o.hour < v_before - interval '1 hour' ORDER BY o.hour LIMIT p_limit FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count > 0 THEN
      -- Action 119: hours of usage forgotten.
      INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, detail)
      VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 119, p_request, jsonb_build_object('before', v_before, 'rows', v_count));
    END IF;
  WHEN 'buckets' THEN
    -- Its last byte is gone when no backend has a physical bucket of it: see forget_physical_bucket. The log names it still,
    -- in the entries of its making and its deletion.
    FOR v_bucket IN
      SELECT b.id, b.name, b.tenant_id FROM sealgate.buckets b
      WHERE b.state = 'deleted' AND b.deleted_at < v_before
        AND NOT EXISTS (SELECT FROM sealgate.physical_buckets p WHERE p.bucket_id = b.id)
        AND NOT EXISTS (SELECT FROM sealgate.deletions d WHERE d.bucket_id = b.id)
        AND NOT EXISTS (SELECT FROM sealgate.imports i WHERE i.bucket_id = b.id)
        AND NOT EXISTS (SELECT FROM sealgate.uploads u WHERE u.bucket_id = b.id AND u.state = 'o')
      ORDER BY b.deleted_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
      DELETE FROM sealgate.bucket_configs g WHERE g.bucket_id = v_bucket.id;
      DELETE FROM sealgate.bucket_usage u WHERE u.bucket_id = v_bucket.id;
      DELETE FROM sealgate.buckets b WHERE b.id = v_bucket.id;
      -- Action 118: deleted bucket forgotten.
      INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, request_id, detail)
      VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, v_bucket.id, 118, p_request,
        jsonb_build_object('name', v_bucket.name, 'tenant', v_bucket.tenant_id));
      v_count := v_count + 1;
    END LOOP;
  WHEN 'snapshots' THEN
    FOR v_snapshot IN
      SELECT s.id, s.tenant_id FROM sealgate.snapshots s
      WHERE s.created_at < v_before ORDER BY s.created_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
      DELETE FROM sealgate.snapshots s WHERE s.id = v_snapshot.id;
      -- Action 151: snapshot deleted.
      INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, detail)
      VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 151, p_request,
        jsonb_build_object('snapshot', v_snapshot.id, 'tenant', v_snapshot.tenant_id));
      v_count := v_count + 1;
    END LOOP;
  END CASE;
  RETURN v_count;
END
$$;
