-- $1 name
SELECT id, name, owner_id, display_name, email, namespace, state, default_encryption, policy_name, settings, quota_bytes, quota_objects, quota_requests_per_second, request_records, created_at FROM sealgate.tenants WHERE name = $1::text
