-- Notes that everything of a tenant is removed (settling), and that nothing of writes that were under way has come since
-- (done). False when it is not so, or was noted before.
CREATE OR REPLACE FUNCTION sealgate.advance_erasure(
  p_tenant uuid, p_to text, p_excluded smallint[], p_report text, p_detail jsonb, p_actor integer, p_request text
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_seq bigint;
BEGIN
  PERFORM FROM sealgate.erasures e
  WHERE e.tenant_id = p_tenant AND e.state = CASE p_to WHEN 'settling' THEN 'removing' ELSE 'settling' END FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  IF EXISTS (SELECT FROM sealgate.buckets b WHERE b.tenant_id = p_tenant AND b.state = 'active') THEN RETURN false; END IF;
  IF p_to = 'done' AND EXISTS (SELECT FROM sealgate.physical_buckets p JOIN sealgate.buckets b ON b.id = p.bucket_id
    WHERE b.tenant_id = p_tenant AND NOT p.backend = ANY (p_excluded)) THEN RETURN false; END IF;
  v_seq := nextval('sealgate.change_seq');
  IF p_to = 'settling' THEN
    DELETE FROM sealgate.credentials c WHERE c.tenant_id = p_tenant;
    DELETE FROM sealgate.roles r WHERE r.tenant_id = p_tenant;
    DELETE FROM sealgate.webhooks w WHERE w.tenant_id = p_tenant;
    DELETE FROM sealgate.jobs j WHERE j.tenant_id = p_tenant;
    DELETE FROM sealgate.recovery_keys k WHERE k.tenant_id = p_tenant;
    DELETE FROM sealgate.keyrings k WHERE k.tenant_id = p_tenant;
    DELETE FROM sealgate.imports i WHERE i.tenant_id = p_tenant;
    DELETE FROM sealgate.snapshots s WHERE s.tenant_id = p_tenant;
    DELETE FROM sealgate.bucket_configs g USING sealgate.buckets b WHERE b.id = g.bucket_id AND b.tenant_id = p_tenant;
    DELETE FROM sealgate.events v USING sealgate.buckets b WHERE b.id = v.bucket_id AND b.tenant_id = p_tenant;
    UPDATE sealgate.erasures e
    SET state = p_to, removed_at = now(), removed_seq = v_seq, report = p_report, trouble = NULL WHERE e.tenant_id = p_tenant;
  ELSE
    UPDATE sealgate.erasures e
    SET state = p_to, done_at = now(), done_seq = v_seq, report = p_report, trouble = NULL WHERE e.tenant_id = p_tenant;
    -- The name stays taken: policies of others may name it, and another tenant of that name would have its rights.
    UPDATE sealgate.tenants t SET state = 'deleted', display_name = t.name WHERE t.id = p_tenant;
  END IF;
  -- Action 126: everything of a tenant removed. Action 127: its deletion ended.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, detail)
  VALUES (v_seq, clock_timestamp(), p_actor, CASE p_to WHEN 'settling' THEN 126 ELSE 127 END, p_request, p_detail);
  RETURN true;
END
$$;
