SELECT version, name, verifier, sealed, created_at, retires_at FROM sealgate.audit_keys ORDER BY version DESC
