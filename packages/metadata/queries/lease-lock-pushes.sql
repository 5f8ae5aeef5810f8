-- $1 limit, $2 lease (ms), $3 wait for copies that are still being written (ms)
SELECT p.o_seq AS seq, p.o_bucket AS bucket_id, p.o_key AS key, p.o_is_null AS is_null, p.o_blob AS blob_id, p.o_until AS retain_until
FROM sealgate.lease_lock_pushes($1::integer, $2::bigint, $3::bigint) p
