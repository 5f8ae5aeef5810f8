-- $1 issuer
SELECT name, issuer, audiences, grants, created_at FROM sealgate.oidc_providers WHERE issuer = $1::text
