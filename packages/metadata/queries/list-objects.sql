-- Keys of a range, ascending.
-- $1 bucket, $2 lower bound (inclusive), $3 upper bound (exclusive), $4 limit
SELECT o.key, o.bytes, o.etag, o.modified_at, o.class, o.checksum, o.owner_id
FROM sealgate.objects o
WHERE o.bucket_id = $1::integer AND o.key >= $2::text AND o.key < $3::text
ORDER BY o.key
LIMIT $4::integer
