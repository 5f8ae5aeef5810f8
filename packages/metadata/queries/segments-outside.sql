-- Segments of a version whose blobs are not of a class.
-- $1 sequence of the version, $2 class, $3 limit, $4 longest digest list to return
SELECT p.part_number, p.start_offset, p.bytes, p.blob_id, b.bytes AS blob_bytes, b.stripe_bytes, b.k, b.m, b.block_shift, b.replicas,
  CASE WHEN octet_length(b.digests) <= $4::integer THEN b.digests END AS digests
FROM sealgate.uploads u JOIN sealgate.parts p ON p.upload = u.num JOIN sealgate.blobs b ON b.blob_id = p.blob_id
WHERE u.result_seq = $1::bigint AND p.start_offset IS NOT NULL AND b.class <> $2::integer
ORDER BY p.part_number
LIMIT $3::integer
