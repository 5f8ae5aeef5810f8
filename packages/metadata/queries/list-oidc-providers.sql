SELECT name, issuer, audiences, grants, created_at FROM sealgate.oidc_providers ORDER BY name
