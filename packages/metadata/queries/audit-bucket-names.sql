-- $1 numbers of buckets, deleted ones too
SELECT b.id, b.name, t.name AS tenant FROM sealgate.buckets b JOIN sealgate.tenants t ON t.id = b.tenant_id
WHERE b.id = ANY ($1::integer[])
