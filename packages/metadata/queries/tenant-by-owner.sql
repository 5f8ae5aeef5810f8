-- Two rows: an e-mail address that is not one tenant's. $1 canonical user id or e-mail address
SELECT id, name, owner_id, display_name, email, namespace, state, default_encryption, policy_name, settings, quota_bytes, quota_objects, quota_requests_per_second, request_records, created_at
FROM sealgate.tenants WHERE (owner_id = $1::text OR lower(email) = lower($1::text)) AND state <> 'deleted' LIMIT 2
