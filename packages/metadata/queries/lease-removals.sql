-- $1 limit, $2 lease (ms)
SELECT r.o_blob AS blob_id, r.o_place AS place, p.name AS bucket
FROM sealgate.lease_removals($1::integer, $2::bigint) r
LEFT JOIN sealgate.physical_buckets p ON p.bucket_id = r.o_bucket AND p.backend = get_byte(r.o_place, 0) * 256 + get_byte(r.o_place, 1)
