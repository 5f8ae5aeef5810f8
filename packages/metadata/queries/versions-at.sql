-- The named versions, and the null versions of the named keys, as they are now.
-- $1 bucket, $2 keys and $3 sequences (arrays of one length), $4 longest digest list to return
WITH wanted AS (
  SELECT u.key, u.seq FROM unnest($2::text[], $3::bigint[]) AS u (key, seq)
  UNION
  SELECT o.key, o.seq FROM sealgate.objects o WHERE o.bucket_id = $1::integer AND o.key = ANY ($2::text[]) AND o.is_null
  UNION
  SELECT h.key, h.seq FROM sealgate.history h WHERE h.bucket_id = $1::integer AND h.key = ANY ($2::text[]) AND h.is_null
)
SELECT v.seq, v.bytes, v.modified_at, v.bucket_id, v.class, v.verdict, v.parts, v.is_null, v.blob_id, v.key, v.etag, v.checksum, v.upload,
  v.headers, v.tags, v.key_version, v.encrypted_key, v.key_id, v.key_alg, v.encryption_alg, v.retain_until, v.retention_mode,
  v.legal_hold, v.owner_id, v.acl, v.sse, v.delete_marker,
  b.blob_id AS data_blob, b.bytes AS blob_bytes, b.stripe_bytes, b.k, b.m, b.block_shift, b.replicas,
  CASE WHEN octet_length(b.digests) <= $4::integer THEN b.digests END AS digests
FROM wanted w
CROSS JOIN LATERAL (
  (SELECT o.seq, o.bytes, o.modified_at, o.bucket_id, o.class, o.verdict, o.parts, o.is_null, o.blob_id, o.key, o.etag, o.checksum,
    o.upload, o.headers, o.tags, o.key_version, o.encrypted_key, o.key_id, o.key_alg, o.encryption_alg, o.retain_until, o.retention_mode,
    o.legal_hold, o.owner_id, o.acl, o.sse, o.data_blob, false AS delete_marker
    FROM sealgate.objects o WHERE o.bucket_id = $1::integer AND o.key = w.key AND o.seq = w.seq)
  UNION ALL
  (SELECT h.seq, h.bytes, h.modified_at, h.bucket_id, h.class, h.verdict, h.parts, h.is_null, h.blob_id, h.key, h.etag, h.checksum,
    h.upload, h.headers, h.tags, h.key_version, h.encrypted_key, h.key_id, h.key_alg, h.encryption_alg, h.retain_until, h.retention_mode,
    h.legal_hold, h.owner_id, h.acl, h.sse, h.data_blob, h.delete_marker
    FROM sealgate.history h WHERE h.bucket_id = $1::integer AND h.key = w.key AND h.seq = w.seq)
) v
LEFT JOIN sealgate.blobs b ON b.blob_id = coalesce(v.data_blob, v.blob_id) AND v.parts = 0 AND NOT v.delete_marker
