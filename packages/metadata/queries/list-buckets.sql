-- $1 tenant, $2 lower bound (inclusive), $3 upper bound (exclusive), $4 limit
SELECT b.id, b.tenant_id, t.name AS tenant_name, t.owner_id, t.display_name AS owner_display_name, b.namespace, b.name, b.region,
  b.location_constraint, b.encryption, b.versioning, b.object_lock, b.policy_name, b.region_lock, b.default_class, b.request_records,
  t.request_records AS owner_request_records, b.created_at,
  (SELECT jsonb_object_agg(g.kind, g.document) FROM sealgate.bucket_configs g WHERE g.bucket_id = b.id) AS configs
FROM sealgate.buckets b JOIN sealgate.tenants t ON t.id = b.tenant_id
WHERE b.tenant_id = $1::uuid AND b.state = 'active' AND b.name >= $2::text AND b.name < $3::text
ORDER BY b.name
LIMIT $4::integer
