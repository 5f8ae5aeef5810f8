-- Entries about blobs and no key. $1 bucket, $2 blobs, $3 their subjects as in audit_leaves, $4 behind this leaf, $5 limit
SELECT l.leaf, l.hash, e.*
FROM sealgate.audit_leaves l JOIN sealgate.audit_entries e ON e.seq = l.seq
WHERE (l.bucket_id = $1::integer OR l.bucket_id IS NULL) AND l.subject = ANY ($3::integer[]) AND l.leaf > $4::bigint
  AND e.blob_id = ANY ($2::uuid[])
ORDER BY l.leaf LIMIT $5::integer
