-- The names of the physical buckets come along. $1 limit, $2 lease in milliseconds
SELECT d.o_blob AS blob_id, d.o_replicas AS replicas,
  (SELECT jsonb_object_agg(p.backend, p.name) FROM sealgate.physical_buckets p WHERE p.bucket_id = d.o_bucket) AS buckets
FROM sealgate.lease_deletions($1::integer, $2::bigint) d
