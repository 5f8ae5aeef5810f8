-- $1-$3 actor, $4 access key id, $5 policy document or NULL
WITH changed AS (
  UPDATE sealgate.credentials SET policy = $5::text WHERE access_key_id = $4::text AND kind = 'static' RETURNING access_key_id, tenant_id, policy
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 41, $2::text, $3::inet,
    jsonb_build_object('accessKeyId', c.access_key_id, 'tenant', c.tenant_id, 'policy', c.policy) FROM changed c
)
SELECT access_key_id FROM changed
