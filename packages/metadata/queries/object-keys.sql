SELECT version, sealed FROM sealgate.object_keys ORDER BY version
