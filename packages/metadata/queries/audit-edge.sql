SELECT leaf, seq FROM sealgate.audit_leaves ORDER BY leaf DESC LIMIT 1
