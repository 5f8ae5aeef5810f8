-- $1 numbers of entries
SELECT l.leaf, l.hash, e.* FROM sealgate.audit_leaves l JOIN sealgate.audit_entries e ON e.seq = l.seq
WHERE l.seq = ANY ($1::bigint[]) ORDER BY l.leaf
