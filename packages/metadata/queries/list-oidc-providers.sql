SELECT name, issuer, audiences, created_at FROM sealgate.oidc_providers ORDER BY name
