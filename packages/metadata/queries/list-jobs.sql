-- $1 id, $2 state, $3 kind, $4 tenant, $5 bucket, $6 and $7 the job before, $8 limit
SELECT j.id, j.kind, j.state, j.created_at, to_char(j.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS place,
  j.updated_at, j.ended_at, t.name AS tenant, b.name AS bucket, j.key, j.version_id, j.source, to_jsonb(j.targets) AS targets, j.policy_class, j.class_name,
  j.encryption_required, j.priority, j.attempts, j.last_error, j.holder, j.blob_id, to_jsonb(j.copies) AS copies, j.blobs
FROM sealgate.job_records($1::uuid, $2::text, $3::text, $4::uuid, $5::integer, $6::timestamptz, $7::uuid, $8::integer) j
LEFT JOIN sealgate.tenants t ON t.id = j.tenant_id LEFT JOIN sealgate.buckets b ON b.id = j.bucket_id
ORDER BY j.created_at DESC, j.id DESC
