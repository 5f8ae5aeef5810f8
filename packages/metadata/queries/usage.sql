-- $1 from, $2 until, $3 tenant or NULL, $4 by: bucket, class, backend or tenant, $5 only of this backend or NULL, $6 only of this
-- class or NULL, $7 tenants together, $8 rows at most
SELECT CASE WHEN NOT $7::boolean THEN t.name END AS tenant,
  CASE $4::text WHEN 'bucket' THEN b.name WHEN 'class' THEN c.value WHEN 'backend' THEN k.id END AS part,
  h.metric, sum(h.amount)::text AS amount
FROM sealgate.usage_hourly h
  LEFT JOIN sealgate.tenants t ON t.id = h.tenant_id
  LEFT JOIN sealgate.buckets b ON b.id = h.bucket_id
  LEFT JOIN sealgate.terms c ON c.id = h.class
  LEFT JOIN sealgate.backends k ON k.num = h.backend
WHERE h.hour >= $1::timestamptz AND h.hour < $2::timestamptz AND ($3::uuid IS NULL OR h.tenant_id = $3::uuid)
  AND ($5::text IS NULL OR k.id = $5::text) AND ($6::text IS NULL OR c.value = $6::text)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT $8::integer
