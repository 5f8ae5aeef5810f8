-- $1 bucket, $2 behind this leaf, $3 limit. What has a bucket has a subject; the index wants to hear it.
SELECT l.leaf, l.hash, e.*
FROM sealgate.audit_leaves l JOIN sealgate.audit_entries e ON e.seq = l.seq
WHERE l.bucket_id = $1::integer AND l.subject IS NOT NULL AND l.leaf > $2::bigint
ORDER BY l.leaf LIMIT $3::integer
