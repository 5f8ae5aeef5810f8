-- $1 tenant, $2 webhook, $3 after this id, $4 limit
SELECT d.id, d.created_at, d.attempts, d.key, b.name AS bucket, d.last_error, d.message
FROM sealgate.webhooks w JOIN sealgate.deliveries d ON d.webhook_id = w.id AND d.state = 'd'
JOIN sealgate.buckets b ON b.id = d.bucket_id
WHERE w.tenant_id = $1::uuid AND w.name = $2::text AND d.id > $3::bigint ORDER BY d.id LIMIT $4::integer
