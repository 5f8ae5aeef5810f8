SELECT version, kdf, salt, canary FROM sealgate.secret_versions
