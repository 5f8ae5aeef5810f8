-- $1 hours, $2 tenants, $3 buckets, $4 classes, $5 metrics, $6 amounts
INSERT INTO sealgate.usage_events (hour, tenant_id, bucket_id, class, metric, amount)
SELECT * FROM unnest($1::timestamptz[], $2::uuid[], $3::integer[], $4::integer[], $5::"char"[], $6::bigint[])
