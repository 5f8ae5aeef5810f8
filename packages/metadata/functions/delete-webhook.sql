-- Removes a webhook with the messages that it has not got. Refused while a bucket's notifications name it, which p_needle
-- (the ARN as it stands in a configuration's JSON) finds out: messages would be lost without anybody's decision.
CREATE OR REPLACE FUNCTION sealgate.delete_webhook(
  p_tenant uuid, p_name text, p_needle text, p_actor integer, p_request text, p_remote inet, OUT o_outcome text, OUT o_bucket text
)
LANGUAGE plpgsql AS $$
BEGIN
  SELECT b.name INTO o_bucket FROM sealgate.buckets b JOIN sealgate.bucket_configs g ON g.bucket_id = b.id
  WHERE b.tenant_id = p_tenant AND b.state = 'active' AND g.kind = 'notification' AND strpos(g.document, p_needle) > 0
  ORDER BY b.name LIMIT 1;
  IF FOUND THEN o_outcome := 'Conflict'; RETURN; END IF;
  DELETE FROM sealgate.webhooks w WHERE w.tenant_id = p_tenant AND w.name = p_name;
  IF NOT FOUND THEN o_outcome := 'NotFound'; RETURN; END IF;
  -- Action 71: webhook deleted.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 71, p_request, p_remote,
    jsonb_build_object('webhook', p_name, 'tenant', p_tenant));
  o_outcome := 'ok';
END
$$;
