CREATE OR REPLACE FUNCTION sealgate.create_webhook(
  p_tenant uuid, p_name text, p_url text, p_secret bytea, p_headers bytea, p_max integer, p_actor integer, p_request text,
  p_remote inet, OUT o_outcome text, OUT o_id integer, OUT o_created_at timestamptz
)
LANGUAGE plpgsql AS $$
BEGIN
  -- The tenant's lock makes the count one that holds.
  PERFORM FROM sealgate.tenants t WHERE t.id = p_tenant FOR NO KEY UPDATE;
  IF NOT FOUND THEN o_outcome := 'NotFound'; RETURN; END IF;
  IF (SELECT count(*) FROM sealgate.webhooks w WHERE w.tenant_id = p_tenant) >= p_max THEN
    o_outcome := 'QuotaExceeded';
    RETURN;
  END IF;
  INSERT INTO sealgate.webhooks (tenant_id, name, url, secret, headers) VALUES (p_tenant, p_name, p_url, p_secret, p_headers)
  ON CONFLICT DO NOTHING RETURNING id, created_at INTO o_id, o_created_at;
  IF NOT FOUND THEN o_outcome := 'Conflict'; RETURN; END IF;
  -- Action 70: webhook created. The URL's path may hold a token, so the log has its origin only.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 70, p_request, p_remote,
    jsonb_build_object('webhook', p_name, 'tenant', p_tenant, 'origin', substring(p_url FROM '^[a-z]+://[^/?#]+')));
  o_outcome := 'ok';
END
$$;
