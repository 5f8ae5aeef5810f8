-- $1-$3 actor, $4 access key id, $5 tenant, $6 sealed secret, $7 expiry, $8 description, $9 policy
WITH changed AS (
  INSERT INTO sealgate.credentials (access_key_id, tenant_id, secret, expires_at, description, policy)
  SELECT $4::text, t.id, $6::bytea, $7::timestamptz, $8::text, $9::text FROM sealgate.tenants t WHERE t.id = $5::uuid AND t.state IN ('active', 'suspended')
  RETURNING access_key_id, tenant_id, policy, created_at
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 40, $2::text, $3::inet,
    jsonb_strip_nulls(jsonb_build_object('accessKeyId', c.access_key_id, 'tenant', c.tenant_id, 'policy', c.policy)) FROM changed c
)
SELECT * FROM changed
