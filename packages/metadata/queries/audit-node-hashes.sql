-- $1 level, $2 first, $3 how many
SELECT hash FROM sealgate.audit_nodes
WHERE level = $1::smallint AND index >= $2::bigint AND index < $2::bigint + $3::bigint ORDER BY index
