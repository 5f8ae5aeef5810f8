-- $1 tenant, $2 names
SELECT w.id, w.tenant_id, w.name, w.url, w.secret, w.headers FROM sealgate.webhooks w
WHERE w.tenant_id = $1::uuid AND w.name = ANY ($2::text[])
