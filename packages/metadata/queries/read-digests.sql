-- A slice of a blob's digest list.
-- $1 blob, $2 first byte (from 0), $3 bytes
SELECT substring(b.digests FROM $2::integer + 1 FOR $3::integer) AS digests FROM sealgate.blobs b WHERE b.blob_id = $1::uuid
