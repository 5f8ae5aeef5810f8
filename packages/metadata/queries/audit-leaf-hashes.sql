-- $1 first leaf, $2 how many
SELECT hash FROM sealgate.audit_leaves WHERE leaf >= $1::bigint AND leaf < $1::bigint + $2::bigint ORDER BY leaf
