-- $1 tenant
SELECT k.key_id, k.jwk, k.label, k.created_at FROM sealgate.recovery_keys k
WHERE k.tenant_id = $1::uuid ORDER BY k.created_at, k.key_id
