-- $1 ids
SELECT w.id, w.tenant_id, w.name, w.url, w.secret, w.headers FROM sealgate.webhooks w WHERE w.id = ANY ($1::integer[])
