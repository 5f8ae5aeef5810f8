-- $1 behind this blob, $2 limit
SELECT b.blob_id, b.bytes, b.bucket_id, b.class, b.residency, b.stripe_bytes, b.k, b.m, b.block_shift, b.replicas, NULL::bytea AS digests,
  d.blob_id IS NOT NULL AS doomed,
  CASE WHEN sealgate.count_replicas(b.replicas, 'm') > 0 THEN (
    SELECT j.data -> 'noRoom' FROM pgboss.job j
    WHERE j.name = 'repair' AND j.singleton_key = b.blob_id::text AND j.state <= 'active' LIMIT 1
  ) END AS no_room
FROM (SELECT * FROM sealgate.blobs w WHERE w.blob_id > $1::uuid ORDER BY w.blob_id LIMIT $2::integer) b
LEFT JOIN sealgate.deletions d ON d.blob_id = b.blob_id
ORDER BY b.blob_id
