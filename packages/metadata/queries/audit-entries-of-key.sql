-- $1 bucket, $2 subject or NULL: entries about the bucket alone, $3 behind this leaf, $4 limit
SELECT l.leaf, l.hash, e.*
FROM sealgate.audit_leaves l JOIN sealgate.audit_entries e ON e.seq = l.seq
WHERE l.bucket_id = $1::integer AND l.subject IS NOT DISTINCT FROM $2::bigint AND l.leaf > $3::bigint
ORDER BY l.leaf LIMIT $4::integer
