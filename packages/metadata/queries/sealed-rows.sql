-- Secrets that are sealed under another passphrase than the newest, of all tables that have any. $1 newest version,
-- $2 rows at most
SELECT * FROM (
  SELECT 'credential' AS purpose, access_key_id AS id, secret AS sealed FROM sealgate.credentials
  UNION ALL SELECT 'session-token', access_key_id, session_token FROM sealgate.credentials
  UNION ALL SELECT 'backend', id, secret FROM sealgate.backends
  UNION ALL SELECT 'webhook', tenant_id || '/' || name, secret FROM sealgate.webhooks
  UNION ALL SELECT 'webhook-headers', tenant_id || '/' || name, headers FROM sealgate.webhooks
  UNION ALL SELECT 'object-key', version::text, sealed FROM sealgate.object_keys
  UNION ALL SELECT 'audit-key', version::text, sealed FROM sealgate.audit_keys
) s
WHERE s.sealed IS NOT NULL AND get_byte(s.sealed, 0) <> $1::integer
LIMIT $2::integer
