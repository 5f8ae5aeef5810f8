-- Keeps the next keyring of a tenant: number and chain without a gap, always of one root. The same one again changes nothing.
-- Whether it is signed as it says was checked before.
CREATE OR REPLACE FUNCTION sealgate.publish_keyring(
  p_tenant uuid, p_seq integer, p_document text, p_digest text, p_previous text, p_root text, p_keys integer,
  p_actor integer, p_request text, p_remote inet, OUT o_outcome text, OUT o_created_at timestamptz
)
LANGUAGE plpgsql AS $$
DECLARE
  v_newest sealgate.keyrings;
BEGIN
  PERFORM FROM sealgate.tenants t WHERE t.id = p_tenant FOR UPDATE;
  IF NOT FOUND THEN o_outcome := 'NotFound'; RETURN; END IF;
  SELECT k.* INTO v_newest FROM sealgate.keyrings k WHERE k.tenant_id = p_tenant ORDER BY k.version DESC LIMIT 1;
  IF v_newest.root_key_id <> p_root THEN o_outcome := 'KeyringOfAnotherRoot'; RETURN; END IF;
  IF v_newest.version = p_seq AND v_newest.digest = p_digest THEN
    o_outcome := 'ok'; o_created_at := v_newest.created_at;
    RETURN;
  END IF;
  IF p_seq <> coalesce(v_newest.version, 0) + 1 OR p_previous IS DISTINCT FROM v_newest.digest THEN
    o_outcome := 'KeyringOutOfOrder';
    RETURN;
  END IF;
  INSERT INTO sealgate.keyrings (tenant_id, version, document, root_key_id, digest)
  VALUES (p_tenant, p_seq, p_document, p_root, p_digest) RETURNING created_at INTO o_created_at;
  -- Action 96: keyring published.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 96, p_request, p_remote,
    jsonb_build_object('tenant', p_tenant, 'number', p_seq, 'digest', p_digest, 'root', p_root, 'keys', p_keys));
  o_outcome := 'ok';
END
$$;
