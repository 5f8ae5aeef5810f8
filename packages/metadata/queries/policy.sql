-- $1 name
SELECT p.name, p.version, p.document, p.created_at FROM sealgate.policies p WHERE p.name = $1::text ORDER BY p.version DESC LIMIT 1
