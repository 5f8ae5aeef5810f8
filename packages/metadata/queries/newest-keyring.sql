-- $1 tenant
SELECT k.version, k.document, k.digest, k.root_key_id, (extract(epoch FROM k.created_at) * 1000)::float8 AS created_at
FROM sealgate.keyrings k WHERE k.tenant_id = $1::uuid ORDER BY k.version DESC LIMIT 1
