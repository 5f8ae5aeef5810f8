-- Makes a bucket in its tenant's namespace. Two at once: the unique index lets one pass, the other sees it.
CREATE OR REPLACE FUNCTION sealgate.create_bucket(
  p_actor integer, p_request text, p_remote inet, p_tenant uuid, p_name text, p_region text, p_location text, p_encryption text,
  p_object_lock boolean, p_policy text, p_region_lock text[], p_default_class text, p_configs jsonb, p_limit integer,
  OUT o_outcome text, OUT o_bucket integer
)
LANGUAGE plpgsql AS $$
DECLARE
  v_namespace text;
  v_owner uuid;
BEGIN
  -- Counted under the tenant's lock, so that the limit holds against many at once.
  SELECT t.namespace INTO v_namespace FROM sealgate.tenants t WHERE t.id = p_tenant AND t.state = 'active' FOR NO KEY UPDATE;
  IF NOT FOUND THEN o_outcome := 'AccessDenied'; RETURN; END IF;
  IF (SELECT count(*) FROM sealgate.buckets b WHERE b.tenant_id = p_tenant AND b.state = 'active') >= p_limit THEN
    o_outcome := 'QuotaExceeded'; RETURN;
  END IF;
  INSERT INTO sealgate.buckets (tenant_id, namespace, name, region, location_constraint, encryption, versioning, object_lock,
    policy_name, region_lock, default_class)
  VALUES (p_tenant, v_namespace, p_name, p_region, p_location, p_encryption, CASE WHEN p_object_lock THEN 'enabled' ELSE 'off' END,
    p_object_lock, p_policy, p_region_lock, p_default_class)
  ON CONFLICT DO NOTHING
  RETURNING id INTO o_bucket;
  IF o_bucket IS NULL THEN
    SELECT b.tenant_id INTO v_owner FROM sealgate.buckets b
    WHERE b.namespace = v_namespace AND b.name = p_name AND b.state = 'active';
    o_outcome := CASE WHEN v_owner IS NULL THEN 'OperationAborted' WHEN v_owner = p_tenant THEN 'BucketAlreadyOwnedByYou'
      ELSE 'BucketAlreadyExists' END;
    RETURN;
  END IF;
  INSERT INTO sealgate.bucket_configs (bucket_id, kind, document)
  SELECT o_bucket, g.key, g.value FROM jsonb_each_text(p_configs) g;
  -- Action 20: bucket created.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, o_bucket, 20, p_request, p_remote,
    jsonb_build_object('name', p_name, 'tenant', p_tenant, 'encryption', p_encryption, 'policy', p_policy, 'regionLock', p_region_lock));
  o_outcome := 'ok';
END
$$;
