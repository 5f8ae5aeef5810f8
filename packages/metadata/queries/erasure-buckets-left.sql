-- Physical buckets of a tenant's buckets that were not removed yet. $1 tenant
SELECT DISTINCT p.backend, p.name FROM sealgate.physical_buckets p JOIN sealgate.buckets b ON b.id = p.bucket_id
WHERE b.tenant_id = $1::uuid ORDER BY p.backend, p.name
