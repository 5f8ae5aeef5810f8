-- What backends confirmed. $1 tenant
SELECT r.backend, r.bucket, sum(r.copies)::bigint AS copies, sum(r.attempts)::bigint AS attempts, sum(r.bytes)::bigint AS bytes,
  min(r.first_at) AS first_at, max(r.last_at) AS last_at
FROM sealgate.erasure_removals r WHERE r.tenant_id = $1::uuid GROUP BY r.backend, r.bucket ORDER BY r.backend, r.bucket NULLS FIRST
