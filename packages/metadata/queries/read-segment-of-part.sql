-- $1 sequence of the version, $2 part number, $3 longest digest list to return
SELECT p.part_number, p.start_offset, p.bytes, p.blob_id, b.bytes AS blob_bytes, b.stripe_bytes, b.k, b.m, b.block_shift, b.replicas,
  CASE WHEN octet_length(b.digests) <= $3::integer THEN b.digests END AS digests
FROM sealgate.parts p JOIN sealgate.blobs b ON b.blob_id = p.blob_id
WHERE p.upload = (SELECT u.num FROM sealgate.uploads u WHERE u.result_seq = $1::bigint) AND p.part_number = $2::smallint AND p.start_offset IS NOT NULL
