-- $1 behind this number of a change, $2 limit
SELECT l.leaf, l.hash, e.*
FROM sealgate.audit_entries e JOIN sealgate.audit_leaves l ON l.leaf = sealgate.audit_leaf_of(e.seq)
WHERE e.action BETWEEN 50 AND 59 AND e.seq > $1::bigint
ORDER BY e.seq LIMIT $2::integer
