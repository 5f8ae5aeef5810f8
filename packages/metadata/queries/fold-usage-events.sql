-- Adds events up, once each: what is added is gone in the same transaction. $1 events at most
WITH taken AS (
  DELETE FROM sealgate.usage_events WHERE id IN (
    SELECT id FROM sealgate.usage_events ORDER BY id LIMIT $1::integer FOR UPDATE SKIP LOCKED
  )
  RETURNING hour, tenant_id, coalesce(bucket_id, 0) AS bucket_id, coalesce(backend, 0) AS backend, coalesce(class, 0) AS class,
    metric, amount
), added AS (
  INSERT INTO sealgate.usage_hourly AS h (hour, tenant_id, bucket_id, backend, class, metric, amount)
  SELECT hour, tenant_id, bucket_id, backend, class, metric, sum(amount) FROM taken
  GROUP BY hour, tenant_id, bucket_id, backend, class, metric
  ORDER BY tenant_id, hour, bucket_id, backend, class, metric
  ON CONFLICT (tenant_id, hour, bucket_id, backend, class, metric) DO UPDATE SET amount = h.amount + excluded.amount
)
SELECT count(*)::integer AS folded FROM taken
