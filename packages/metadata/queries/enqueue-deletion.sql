-- $1 blob, $2 bucket, $3 replicas, $4 grace (ms)
SELECT sealgate.enqueue_deletion($1::uuid, $2::integer, $3::bytea, $4::bigint)
