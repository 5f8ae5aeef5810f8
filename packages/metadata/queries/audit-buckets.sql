-- Buckets that ever had a name, the newest first; deleted ones too. $1 tenant or NULL, $2 name
SELECT b.id, b.tenant_id, b.name FROM sealgate.buckets b
WHERE ($1::uuid IS NULL OR b.tenant_id = $1::uuid) AND b.name = $2::text ORDER BY b.id DESC
