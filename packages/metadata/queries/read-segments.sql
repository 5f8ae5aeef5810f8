-- Segments of a completed upload from the one that holds an offset on.
-- $1 sequence of the version, $2 offset, $3 limit, $4 longest digest list to return
SELECT p.part_number, p.start_offset, p.bytes, p.blob_id, b.bytes AS blob_bytes, b.stripe_bytes, b.k, b.m, b.block_shift, b.replicas,
  CASE WHEN octet_length(b.digests) <= $4::integer THEN b.digests END AS digests
FROM sealgate.parts p JOIN sealgate.blobs b ON b.blob_id = p.blob_id
WHERE p.upload = (SELECT u.num FROM sealgate.uploads u WHERE u.result_seq = $1::bigint) AND p.start_offset >= (
  SELECT max(q.start_offset) FROM sealgate.parts q
  WHERE q.upload = (SELECT u.num FROM sealgate.uploads u WHERE u.result_seq = $1::bigint) AND q.start_offset <= $2::bigint
)
ORDER BY p.start_offset
LIMIT $3::integer
