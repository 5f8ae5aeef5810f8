-- $1 behind this blob, $2 limit, $3 how long a backend without room counts as such (ms)
SELECT b.blob_id, b.bytes, b.bucket_id, b.class, b.residency, b.stripe_bytes, b.k, b.m, b.block_shift, b.replicas, NULL::bytea AS digests,
  d.blob_id IS NOT NULL AS doomed,
  CASE WHEN sealgate.count_replicas(b.replicas, 'm') > 0 THEN to_jsonb(ARRAY(
    SELECT n.key::integer FROM pgboss.job j CROSS JOIN LATERAL jsonb_each_text(j.data -> 'noRoom') AS n
    WHERE j.name = 'repair' AND j.singleton_key = b.blob_id::text AND j.state <= 'active'
      AND n.value::bigint > extract(epoch FROM clock_timestamp()) * 1000 - $3::bigint
  )) END AS no_room
FROM (SELECT * FROM sealgate.blobs w WHERE w.blob_id > $1::uuid ORDER BY w.blob_id LIMIT $2::integer) b
LEFT JOIN sealgate.deletions d ON d.blob_id = b.blob_id
ORDER BY b.blob_id
