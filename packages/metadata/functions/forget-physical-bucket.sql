-- An abandoned physical bucket has been removed from its backend. False: it is not abandoned any more, and nothing happens.
CREATE OR REPLACE FUNCTION sealgate.forget_physical_bucket(
  p_backend smallint, p_name text, p_attempt_age_ms bigint, p_actor integer, p_request text
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_tenants uuid[];
BEGIN
  WITH gone AS (
    DELETE FROM sealgate.physical_buckets p USING sealgate.buckets b
    WHERE b.id = p.bucket_id AND p.backend = p_backend AND p.name = p_name AND b.state = 'deleted'
      AND b.deleted_at < now() - p_attempt_age_ms * interval '1 millisecond'
      AND NOT EXISTS (SELECT FROM sealgate.deletions d WHERE d.bucket_id = b.id)
      AND NOT EXISTS (SELECT FROM sealgate.write_plans w WHERE w.bucket_id = b.id AND w.committed_seq IS NULL)
    RETURNING b.tenant_id
  )
  SELECT array_agg(DISTINCT g.tenant_id) INTO v_tenants FROM gone g;
  IF v_tenants IS NULL THEN RETURN false; END IF;
  INSERT INTO sealgate.erasure_removals (tenant_id, backend, bucket, copies, attempts, bytes, first_at, last_at)
  SELECT e.tenant_id, p_backend, p_name, 0, 0, 0, now(), now()
  FROM sealgate.erasures e WHERE e.tenant_id = ANY (v_tenants) AND e.state <> 'done';
  -- Action 116: physical bucket removed.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 116, p_request,
    jsonb_build_object('backend', p_backend, 'name', p_name));
  RETURN true;
END
$$;
