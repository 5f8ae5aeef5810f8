-- $1 bucket, $2 blob, $3 hold and $4 attempt age (ms)
SELECT p.blob_id, p.bucket_id, p.expires_at, p.committed_at, p.committed_seq, p.job_id, p.bytes, p.class, p.is_null, p.versioned, p.key,
  p.tags, p.md5, p.sha256, p.replicas
FROM sealgate.hold_write_plan($1::integer, $2::uuid, $3::bigint, $4::bigint) p
