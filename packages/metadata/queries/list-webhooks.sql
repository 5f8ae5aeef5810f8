-- $1 tenant
SELECT w.id, w.tenant_id, w.name, w.url, w.secret, w.headers, w.created_at,
  (SELECT count(*) FROM sealgate.deliveries d WHERE d.webhook_id = w.id AND d.state = 'w')::float8 AS waiting,
  (SELECT count(*) FROM sealgate.deliveries d WHERE d.webhook_id = w.id AND d.state = 'd')::float8 AS dead
FROM sealgate.webhooks w WHERE w.tenant_id = $1::uuid ORDER BY w.name
