CREATE OR REPLACE FUNCTION sealgate.delete_recovery_key(
  p_tenant uuid, p_key_id text, p_actor integer, p_request text, p_remote inet
) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM sealgate.recovery_keys k WHERE k.tenant_id = p_tenant AND k.key_id = p_key_id;
  IF NOT FOUND THEN RETURN 'NotFound'; END IF;
  -- Action 111: recovery key removed.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 111, p_request, p_remote,
    jsonb_build_object('tenant', p_tenant, 'key', p_key_id));
  PERFORM sealgate.request_manifests(NULL, p_tenant, p_actor, p_request, p_remote);
  RETURN 'ok';
END
$$;
