-- $1 digests
SELECT digest, lines FROM sealgate.audit_requests WHERE digest = ANY ($1::bytea[])
