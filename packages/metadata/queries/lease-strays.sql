-- $1 limit, $2 lease (ms)
SELECT s.o_blob AS blob_id, b.id AS backend, s.o_shard AS shard, s.o_bucket AS bucket
FROM sealgate.lease_strays($1::integer, $2::bigint) s JOIN sealgate.backends b ON b.num = s.o_backend
