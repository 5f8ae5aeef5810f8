-- $1 blobs, $2 longest digest list to return
SELECT b.blob_id, b.bytes, b.bucket_id, b.class, b.residency, b.stripe_bytes, b.k, b.m, b.block_shift, b.replicas,
  CASE WHEN octet_length(b.digests) <= $2::integer THEN b.digests END AS digests
FROM sealgate.blobs b
WHERE b.blob_id = ANY ($1::uuid[]) AND NOT EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = b.blob_id)
