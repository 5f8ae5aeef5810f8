-- $1 blobs as in audit_leaves, $2 behind this leaf, $3 limit
SELECT l.leaf, l.hash, e.*
FROM sealgate.audit_leaves l JOIN sealgate.audit_entries e ON e.seq = l.seq
WHERE l.blob = ANY ($1::bigint[]) AND l.leaf > $2::bigint
ORDER BY l.leaf LIMIT $3::integer
