-- $1 bucket, $2 number
DELETE FROM sealgate.recovery_requests r WHERE r.bucket_id = $1::integer AND r.number = $2::bigint
