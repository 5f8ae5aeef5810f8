-- What lies on each backend in each class now, as byte-seconds of the hour that it is in: one sample an hour, in place of
-- an earlier one of the same hour. A shard counts its share of the blob.
WITH places AS (
  SELECT k.tenant_id, b.bucket_id, b.class,
    get_byte(b.replicas, i * 4) * 256 + get_byte(b.replicas, i * 4 + 1) AS backend,
    sum(ceil(b.bytes::numeric / greatest(coalesce(b.k, 1), 1))) AS bytes
  FROM sealgate.blobs b JOIN sealgate.buckets k ON k.id = b.bucket_id,
    generate_series(0, length(b.replicas) / 4 - 1) AS i
  WHERE get_byte(b.replicas, i * 4 + 3) = ascii('s')
  GROUP BY 1, 2, 3, 4
)
INSERT INTO sealgate.usage_hourly (hour, tenant_id, bucket_id, backend, class, metric, amount)
SELECT date_trunc('hour', now()), tenant_id, bucket_id, backend, class, 'p', bytes * 3600 FROM places
ON CONFLICT (tenant_id, hour, bucket_id, backend, class, metric) DO UPDATE SET amount = excluded.amount
RETURNING 1 AS one
