-- $1 numbers of entries
SELECT l.leaf, l.hash, e.*
FROM unnest($1::bigint[]) AS wanted(seq)
  JOIN sealgate.audit_leaves l ON l.leaf = sealgate.audit_leaf_of(wanted.seq)
  JOIN sealgate.audit_entries e ON e.seq = l.seq
ORDER BY l.leaf
