-- $1 bucket
SELECT b.id AS backend, p.name FROM sealgate.physical_buckets p JOIN sealgate.backends b ON b.num = p.backend WHERE p.bucket_id = $1::integer
