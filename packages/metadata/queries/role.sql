-- $1 tenant name, $2 name
SELECT r.id, r.tenant_id, r.name, r.trust, r.policy, r.session_seconds_max, r.description, r.created_at, t.name AS tenant_name
FROM sealgate.roles r JOIN sealgate.tenants t ON t.id = r.tenant_id WHERE t.name = $1::text AND r.name = $2::text
