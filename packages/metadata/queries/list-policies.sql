-- The newest version of each.
SELECT DISTINCT ON (p.name) p.name, p.version, p.document, p.created_at FROM sealgate.policies p ORDER BY p.name, p.version DESC
