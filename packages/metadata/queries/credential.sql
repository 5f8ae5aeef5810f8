-- A credential with its tenant, and with the rights of what a session was made from. $1 access key id
SELECT c.access_key_id, c.tenant_id AS tenant_ref, c.kind, CASE WHEN p.state = 'disabled' THEN p.state ELSE c.state END AS state,
  CASE c.kind WHEN 'session' THEN coalesce(r.policy, p.policy) ELSE c.policy END AS policy, CASE c.kind WHEN 'session' THEN c.policy END AS session_policy,
  coalesce('role/' || r.name || '/' || c.session_name, c.parent_key) AS parent,
  c.session_token, c.expires_at, c.description, c.created_at, c.last_used_at, c.secret, t.id AS tenant_id, t.name AS tenant_name, t.owner_id AS tenant_owner_id, t.display_name AS tenant_display_name, t.email AS tenant_email, t.namespace AS tenant_namespace, t.state AS tenant_state, t.default_encryption AS tenant_default_encryption, t.policy_name AS tenant_policy_name, t.settings AS tenant_settings, t.quota_bytes AS tenant_quota_bytes, t.quota_objects AS tenant_quota_objects, t.quota_requests_per_second AS tenant_quota_requests_per_second, t.request_records AS tenant_request_records, t.created_at AS tenant_created_at
FROM sealgate.credentials c JOIN sealgate.tenants t ON t.id = c.tenant_id
  LEFT JOIN sealgate.credentials p ON p.access_key_id = c.parent_key LEFT JOIN sealgate.roles r ON r.id = c.role_id
WHERE c.access_key_id = $1::text
