-- A new key pair in the place of one, which ends after the overlap. $1-$3 actor, $4 old access key id, $5 new one, $6 its sealed
-- secret, $7 overlap (ms)
WITH old AS (
  UPDATE sealgate.credentials c SET expires_at = least(c.expires_at, now() + $7::bigint * interval '1 millisecond')
  FROM sealgate.tenants t
  WHERE c.access_key_id = $4::text AND c.kind = 'static' AND c.state = 'active' AND (c.expires_at IS NULL OR c.expires_at > now())
    AND t.id = c.tenant_id AND t.state IN ('active', 'suspended')
  RETURNING c.access_key_id, c.tenant_id, c.description, c.policy, c.expires_at
), made AS (
  INSERT INTO sealgate.credentials (access_key_id, tenant_id, secret, description, policy)
  SELECT $5::text, o.tenant_id, $6::bytea, o.description, o.policy FROM old o
  RETURNING access_key_id
), logged AS (
  -- Action 78: access key rotated.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 78, $2::text, $3::inet,
    jsonb_build_object('accessKeyId', o.access_key_id, 'tenant', o.tenant_id, 'replacement', m.access_key_id, 'expiresAt', o.expires_at)
  FROM old o, made m
)
SELECT m.access_key_id FROM made m
