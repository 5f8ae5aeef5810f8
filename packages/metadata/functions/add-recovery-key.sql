CREATE OR REPLACE FUNCTION sealgate.add_recovery_key(
  p_tenant uuid, p_key_id text, p_jwk text, p_label text, p_max integer, p_actor integer, p_request text, p_remote inet,
  OUT o_outcome text, OUT o_created_at timestamptz
)
LANGUAGE plpgsql AS $$
BEGIN
  -- The tenant's lock makes the count one that holds.
  PERFORM FROM sealgate.tenants t WHERE t.id = p_tenant FOR NO KEY UPDATE;
  IF NOT FOUND THEN o_outcome := 'NotFound'; RETURN; END IF;
  IF (SELECT count(*) FROM sealgate.recovery_keys k WHERE k.tenant_id = p_tenant AND k.key_id <> p_key_id) >= p_max THEN
    o_outcome := 'QuotaExceeded';
    RETURN;
  END IF;
  INSERT INTO sealgate.recovery_keys AS k (tenant_id, key_id, jwk, label) VALUES (p_tenant, p_key_id, p_jwk, p_label)
  ON CONFLICT (tenant_id, key_id) DO UPDATE SET label = p_label
  RETURNING k.created_at INTO o_created_at;
  -- Action 110: recovery key registered.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 110, p_request, p_remote,
    jsonb_build_object('tenant', p_tenant, 'key', p_key_id));
  PERFORM sealgate.request_manifests(NULL, p_tenant, p_actor, p_request, p_remote);
  o_outcome := 'ok';
END
$$;
