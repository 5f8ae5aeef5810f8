-- $1-$3 actor, $4 tenant, $5 name
WITH changed AS (
  DELETE FROM sealgate.roles WHERE tenant_id = $4::uuid AND name = $5::text RETURNING id, tenant_id, name
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 45, $2::text, $3::inet,
    jsonb_build_object('role', c.id, 'tenant', c.tenant_id, 'name', c.name) FROM changed c
)
SELECT id FROM changed
