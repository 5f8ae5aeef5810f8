-- $1-$3 actor, $4 id, $5 name, $6 owner id, $7 display name, $8 email, $9 namespace, $10 default encryption, $11 policy, $12 settings
WITH changed AS (
  INSERT INTO sealgate.tenants (id, name, owner_id, display_name, email, namespace, default_encryption, policy_name, settings)
  VALUES ($4::uuid, $5::text, $6::text, $7::text, $8::text, $9::text, $10::text, $11::text, $12::jsonb)
  RETURNING id, name, owner_id, display_name, email, namespace, state, default_encryption, policy_name, settings, quota_bytes, quota_objects, quota_requests_per_second, request_records, created_at
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 30, $2::text, $3::inet, jsonb_build_object('tenant', c.id, 'name', c.name, 'namespace', c.namespace, 'settings', c.settings) FROM changed c
)
SELECT * FROM changed
