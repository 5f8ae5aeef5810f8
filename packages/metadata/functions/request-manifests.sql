-- Asks for new manifests of one bucket, of a tenant's, or (both NULL) of all. How many buckets that is.
CREATE OR REPLACE FUNCTION sealgate.request_manifests(
  p_bucket integer, p_tenant uuid, p_actor integer, p_request text, p_remote inet
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_number bigint := nextval('sealgate.change_seq');
  v_count integer;
BEGIN
  INSERT INTO sealgate.recovery_requests (bucket_id, number)
  SELECT b.id, v_number FROM sealgate.buckets b
  WHERE b.state = 'active' AND (p_bucket IS NULL OR b.id = p_bucket) AND (p_tenant IS NULL OR b.tenant_id = p_tenant)
  ORDER BY b.id
  ON CONFLICT (bucket_id) DO UPDATE SET number = v_number, due_at = now(), delayed = false;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  -- Action 112: recovery manifests requested.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, request_id, remote_address, detail)
  VALUES (v_number, clock_timestamp(), p_actor, p_bucket, 112, p_request, p_remote,
    jsonb_strip_nulls(jsonb_build_object('tenant', p_tenant, 'buckets', v_count)));
  RETURN v_count;
END
$$;
