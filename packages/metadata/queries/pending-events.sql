-- The oldest changes that have not become messages, with what is told of their buckets. $1 limit
SELECT e.seq, e.at, e.bytes, e.version_seq, e.is_null, e.blob_id, e.name, e.key, e.etag, e.request_id,
  host(e.remote_address) AS remote_address, a.value AS actor, b.id AS bucket_id, b.name AS bucket, b.region, t.owner_id,
  b.tenant_id, g.document
FROM sealgate.events e
JOIN sealgate.buckets b ON b.id = e.bucket_id
JOIN sealgate.tenants t ON t.id = b.tenant_id
JOIN sealgate.terms a ON a.id = e.actor
LEFT JOIN sealgate.bucket_configs g ON g.bucket_id = e.bucket_id AND g.kind = 'notification'
ORDER BY e.seq LIMIT $1::integer
