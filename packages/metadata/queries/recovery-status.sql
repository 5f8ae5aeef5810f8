-- Active buckets with what their manifests are like.
-- $1 behind this id, $2 limit
SELECT b.id AS bucket_id, t.name AS tenant, b.name AS bucket,
  (SELECT count(*) FROM sealgate.recovery_keys k WHERE k.tenant_id = b.tenant_id)::integer AS owner_keys,
  (SELECT c.position FROM sealgate.cursors c WHERE c.name = 'recovery/' || b.id) AS position,
  EXISTS (SELECT FROM sealgate.recovery_requests r WHERE r.bucket_id = b.id) AS requested
FROM sealgate.buckets b JOIN sealgate.tenants t ON t.id = b.tenant_id
WHERE b.state = 'active' AND b.id > $1::integer
ORDER BY b.id
LIMIT $2::integer
