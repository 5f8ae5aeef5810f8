-- $1 id or null, $2 tenant or null, $3 and $4 the snapshot before, $5 limit
SELECT s.id, s.tenant_id, t.name AS tenant, s.summary, (extract(epoch FROM s.created_at) * 1000)::float8 AS created_at,
  to_char(s.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS place
FROM sealgate.snapshots s JOIN sealgate.tenants t ON t.id = s.tenant_id
WHERE ($1::uuid IS NULL OR s.id = $1::uuid) AND ($2::uuid IS NULL OR s.tenant_id = $2::uuid)
  AND ($3::timestamptz IS NULL OR (s.created_at, s.id) < ($3::timestamptz, $4::uuid))
ORDER BY s.created_at DESC, s.id DESC LIMIT $5::integer
