-- What has the facts of backends: created, changed. $1 behind this number of a change, $2 limit
SELECT l.leaf, l.hash, e.*
FROM sealgate.audit_entries e JOIN sealgate.audit_leaves l ON l.leaf = sealgate.audit_leaf_of(e.seq)
WHERE e.action IN (50, 53) AND e.seq > $1::bigint
ORDER BY e.seq LIMIT $2::integer
