-- Gives the oldest dead letters of a webhook another life. One whose key has a message on its way stands behind it, so the
-- order of tries is kept; that of changes cannot be, for later messages may have left.
CREATE OR REPLACE FUNCTION sealgate.redrive_deliveries(
  p_tenant uuid, p_name text, p_limit integer, p_actor integer, p_request text, p_remote inet
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_webhook integer;
  v_dead sealgate.deliveries;
  v_count integer := 0;
BEGIN
  SELECT w.id INTO v_webhook FROM sealgate.webhooks w WHERE w.tenant_id = p_tenant AND w.name = p_name FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  FOR v_dead IN
    SELECT d.* FROM sealgate.deliveries d WHERE d.webhook_id = v_webhook AND d.state = 'd' ORDER BY d.id LIMIT p_limit
  LOOP
    UPDATE sealgate.deliveries d SET state = 'w', attempts = 0, due_at = CASE WHEN EXISTS (
      SELECT FROM sealgate.deliveries o WHERE o.webhook_id = v_webhook AND o.bucket_id = v_dead.bucket_id
        AND o.key = v_dead.key AND o.state = 'w') THEN 'infinity' ELSE now() END
    WHERE d.id = v_dead.id;
    v_count := v_count + 1;
  END LOOP;
  IF v_count > 0 THEN
    -- Action 72: dead letters sent again.
    INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
    VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 72, p_request, p_remote,
      jsonb_build_object('webhook', p_name, 'tenant', p_tenant, 'messages', v_count));
  END IF;
  RETURN v_count;
END
$$;
