-- $1 snapshot, $2 bucket, $3 behind this key, $4 limit
SELECT f.key, f.bytes::float8 AS bytes, f.etag, f.storage_class, (extract(epoch FROM f.modified_at) * 1000)::float8 AS modified_at
FROM sealgate.snapshot_files f WHERE f.snapshot_id = $1::uuid AND f.bucket = $2::text AND f.key > $3::text
ORDER BY f.key LIMIT $4::integer
