-- $1-$3 actor, $4 access key id, $5 tenant, $6 sealed secret, $7 sealed token, $8 expiry, $9 policy, $10 description,
-- $11 access key it is made from or NULL, $12 role or NULL, $13 session name, $14 most live sessions of a tenant.
-- No row: what it is made from is gone. A row without a time: too many.
WITH origin AS (
  SELECT t.id AS tenant_id, p.access_key_id AS parent_key, r.id AS role_id,
    (SELECT count(*) FROM (SELECT FROM sealgate.credentials s WHERE s.tenant_id = t.id AND s.kind = 'session' AND s.expires_at > now() LIMIT $14::integer) s) AS live
  FROM sealgate.tenants t
    LEFT JOIN sealgate.credentials p ON p.access_key_id = $11::text AND p.tenant_id = t.id AND p.kind = 'static' AND p.state = 'active'
    LEFT JOIN sealgate.roles r ON r.id = $12::uuid AND r.tenant_id = t.id
  WHERE t.id = $5::uuid AND num_nonnulls(p.access_key_id, r.id) = 1
), made AS (
  INSERT INTO sealgate.credentials (access_key_id, tenant_id, kind, secret, session_token, expires_at, policy, description, parent_key, role_id, session_name)
  SELECT $4::text, o.tenant_id, 'session', $6::bytea, $7::bytea, $8::timestamptz, $9::text, $10::text, o.parent_key, o.role_id, $13::text
  FROM origin o WHERE o.live < $14::integer
  RETURNING access_key_id, tenant_id, expires_at, policy, description, parent_key, role_id, session_name, created_at
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 43, $2::text, $3::inet,
    jsonb_strip_nulls(jsonb_build_object('accessKeyId', m.access_key_id, 'tenant', m.tenant_id, 'parent', m.parent_key, 'role', m.role_id,
      'sessionName', m.session_name, 'origin', m.description, 'policy', m.policy, 'expiresAt', m.expires_at)) FROM made m
)
SELECT m.created_at FROM origin o LEFT JOIN made m ON true
