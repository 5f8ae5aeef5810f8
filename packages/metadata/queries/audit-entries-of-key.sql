-- $1 bucket, $2 key or NULL: entries about the bucket alone, $3 its subject as in audit_leaves, $4 behind this leaf, $5 limit
SELECT l.leaf, l.hash, e.*
FROM sealgate.audit_leaves l JOIN sealgate.audit_entries e ON e.seq = l.seq
WHERE l.bucket_id = $1::integer AND l.subject = $3::integer AND l.leaf > $4::bigint
  AND e.key IS NOT DISTINCT FROM $2::text AND (e.key IS NOT NULL OR e.blob_id IS NULL)
ORDER BY l.leaf LIMIT $5::integer
