-- Newest first. $1 size not below, $2 size not above, $3 limit
SELECT tree_size, root, note, created_at FROM sealgate.audit_checkpoints
WHERE tree_size >= $1::bigint AND tree_size <= $2::bigint ORDER BY tree_size DESC LIMIT $3::integer
