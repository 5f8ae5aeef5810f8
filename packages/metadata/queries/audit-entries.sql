-- $1 first leaf, $2 limit
SELECT l.leaf, l.hash, e.*
FROM sealgate.audit_leaves l JOIN sealgate.audit_entries e ON e.seq = l.seq
WHERE l.leaf >= $1::bigint ORDER BY l.leaf LIMIT $2::integer
