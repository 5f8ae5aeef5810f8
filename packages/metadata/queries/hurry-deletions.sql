-- $1 tenant
UPDATE sealgate.deletions d SET due_at = now()
FROM sealgate.buckets b WHERE b.id = d.bucket_id AND b.tenant_id = $1::uuid AND d.due_at > now()
