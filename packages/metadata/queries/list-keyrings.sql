-- $1 tenant, $2 behind this number, $3 limit
SELECT k.version, k.document, k.digest, k.root_key_id, (extract(epoch FROM k.created_at) * 1000)::float8 AS created_at
FROM sealgate.keyrings k WHERE k.tenant_id = $1::uuid AND k.version > $2::integer
ORDER BY k.version LIMIT $3::integer
