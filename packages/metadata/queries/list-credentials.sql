-- The static ones, without secrets. $1 tenant
SELECT c.access_key_id, c.tenant_id, c.kind, c.state, c.policy, NULL AS session_policy, NULL AS parent, NULL::bytea AS session_token, c.expires_at, c.description, c.created_at, c.last_used_at FROM sealgate.credentials c WHERE c.tenant_id = $1::uuid AND c.kind = 'static' ORDER BY c.access_key_id
