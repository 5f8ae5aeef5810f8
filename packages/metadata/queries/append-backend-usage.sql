-- What backends were asked for. Whose it was tells the physical bucket; a name that was made for several logical buckets, one
-- after the other, counts for the newest. Nobody's has the nil UUID and no bucket.
-- $1 hours, $2 backends, $3 physical buckets or NULL, $4 classes, $5 metrics, $6 amounts
INSERT INTO sealgate.usage_events (hour, tenant_id, bucket_id, backend, class, metric, amount)
SELECT e.hour, coalesce(o.tenant_id, '00000000-0000-0000-0000-000000000000'), o.id, e.backend, e.class, e.metric, e.amount
FROM unnest($1::timestamptz[], $2::smallint[], $3::text[], $4::integer[], $5::"char"[], $6::bigint[])
  AS e (hour, backend, name, class, metric, amount)
LEFT JOIN LATERAL (
  SELECT b.id, b.tenant_id FROM sealgate.physical_buckets p JOIN sealgate.buckets b ON b.id = p.bucket_id
  WHERE p.backend = e.backend AND p.name COLLATE "C" = e.name COLLATE "C"
  ORDER BY b.id DESC LIMIT 1
) o ON true
