-- $1-$3 actor, $4 id of a new one, $5 tenant, $6 name, $7 trust, $8 policy, $9 longest session, $10 description
WITH changed AS (
  INSERT INTO sealgate.roles (id, tenant_id, name, trust, policy, session_seconds_max, description)
  SELECT $4::uuid, t.id, $6::text, $7::jsonb, $8::text, $9::integer, $10::text FROM sealgate.tenants t WHERE t.id = $5::uuid
  ON CONFLICT (tenant_id, name) DO UPDATE SET trust = excluded.trust, policy = excluded.policy,
    session_seconds_max = excluded.session_seconds_max, description = excluded.description
  RETURNING id, tenant_id, name, trust, policy, session_seconds_max, description, created_at
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 44, $2::text, $3::inet,
    jsonb_build_object('role', c.id, 'tenant', c.tenant_id, 'name', c.name, 'trust', c.trust, 'policy', c.policy, 'sessionSecondsMax', c.session_seconds_max) FROM changed c
)
SELECT c.*, t.name AS tenant_name FROM changed c JOIN sealgate.tenants t ON t.id = c.tenant_id
