-- $1 behind this blob, $2 limit
SELECT b.blob_id, b.bytes, b.bucket_id, b.class, b.residency, b.stripe_bytes, b.k, b.m, b.block_shift, b.replicas, NULL::bytea AS digests,
  d.blob_id IS NOT NULL AS doomed
FROM (SELECT * FROM sealgate.blobs w WHERE w.blob_id > $1::uuid ORDER BY w.blob_id LIMIT $2::integer) b
LEFT JOIN sealgate.deletions d ON d.blob_id = b.blob_id
ORDER BY b.blob_id
