-- Begins to delete a suspended tenant: nobody can sign for it any more. Once begun, backends may be added whose confirmation
-- is not waited for.
CREATE OR REPLACE FUNCTION sealgate.begin_erasure(
  p_tenant uuid, p_without smallint[], p_bytes bigint, p_versions bigint, p_actor integer, p_request text, p_remote inet
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_name text;
  v_state text;
  v_known smallint[];
  v_seq bigint;
  v_found jsonb;
BEGIN
  SELECT t.name, t.state INTO v_name, v_state FROM sealgate.tenants t WHERE t.id = p_tenant FOR UPDATE;
  IF v_name IS NULL THEN RETURN 'NotFound'; END IF;
  SELECT e.without INTO v_known FROM sealgate.erasures e WHERE e.tenant_id = p_tenant;
  IF v_known @> p_without THEN RETURN 'ok'; END IF;
  IF v_known IS NULL AND v_state <> 'suspended' THEN RETURN 'NotSuspended'; END IF;
  v_seq := nextval('sealgate.change_seq');
  IF v_known IS NULL THEN
    SELECT jsonb_build_object('bytes', p_bytes, 'versions', p_versions,
      'buckets', coalesce(jsonb_agg(jsonb_build_object('id', b.id, 'name', b.name) ORDER BY b.id), '[]')) INTO v_found
    FROM sealgate.buckets b WHERE b.tenant_id = p_tenant AND b.state = 'active';
    INSERT INTO sealgate.erasures (tenant_id, without, begun_seq, found) VALUES (p_tenant, p_without, v_seq, v_found);
    UPDATE sealgate.tenants t SET state = 'deleting', email = NULL WHERE t.id = p_tenant;
    DELETE FROM sealgate.credentials c WHERE c.tenant_id = p_tenant;
    DELETE FROM sealgate.roles r WHERE r.tenant_id = p_tenant;
    DELETE FROM sealgate.webhooks w WHERE w.tenant_id = p_tenant;
  ELSE
    UPDATE sealgate.erasures e SET without = ARRAY(SELECT DISTINCT unnest(v_known || p_without)) WHERE e.tenant_id = p_tenant;
  END IF;
  -- Action 125: the deletion of a tenant began, or goes on without some backends.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  VALUES (v_seq, clock_timestamp(), p_actor, 125, p_request, p_remote, jsonb_strip_nulls(jsonb_build_object(
    'tenant', p_tenant, 'name', v_name, 'found', v_found,
    'without', (SELECT jsonb_agg(n.id ORDER BY n.id) FROM sealgate.backends n WHERE n.num = ANY (p_without)))));
  RETURN 'ok';
END
$$;
