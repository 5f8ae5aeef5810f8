-- Removes a snapshot with its buckets and files.
CREATE OR REPLACE FUNCTION sealgate.delete_snapshot(p_id uuid, p_actor integer, p_request text, p_remote inet)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_tenant uuid;
BEGIN
  DELETE FROM sealgate.snapshots s WHERE s.id = p_id RETURNING s.tenant_id INTO v_tenant;
  IF NOT FOUND THEN RETURN 'NotFound'; END IF;
  -- Action 151: snapshot deleted.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 151, p_request, p_remote,
    jsonb_build_object('snapshot', p_id, 'tenant', v_tenant));
  RETURN 'ok';
END
$$;
