-- $1 name
SELECT id, name, owner_id, display_name, email, namespace, state, default_encryption, policy_name, settings, created_at FROM sealgate.tenants WHERE name = $1::text
