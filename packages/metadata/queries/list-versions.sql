-- Versions of a range of keys, by key, newest first.
-- $1 bucket, $2 lower bound (inclusive), $3 upper bound (exclusive), $4 limit, $5 key of the marker and $6 its sequence:
-- versions of $5 older than $6 come first ($6 NULL: older than its null version)
WITH marker AS (
  SELECT coalesce($6::bigint,
    (SELECT o.seq FROM sealgate.objects o WHERE o.bucket_id = $1::integer AND o.key = $5::text AND o.is_null),
    (SELECT n.seq FROM sealgate.history n WHERE n.bucket_id = $1::integer AND n.key = $5::text AND n.is_null)) AS seq
)
SELECT v.*, v.from_objects OR (v.delete_marker
  AND NOT EXISTS (SELECT FROM sealgate.objects o WHERE o.bucket_id = $1::integer AND o.key = v.key)
  AND NOT EXISTS (SELECT FROM sealgate.history h WHERE h.bucket_id = $1::integer AND h.key = v.key AND h.seq > v.seq)) AS latest
FROM (
  (SELECT o.key, o.seq, o.bytes, o.etag, o.modified_at, o.class, o.checksum, o.owner_id, o.is_null, o.blob_id, false AS delete_marker,
      true AS from_objects
    FROM sealgate.objects o
    WHERE o.bucket_id = $1::integer AND o.key >= $2::text AND o.key < $3::text
    ORDER BY o.key LIMIT $4::integer)
  UNION ALL
  (SELECT h.key, h.seq, h.bytes, h.etag, h.modified_at, h.class, h.checksum, h.owner_id, h.is_null, h.blob_id, h.delete_marker, false
    FROM sealgate.history h
    WHERE h.bucket_id = $1::integer AND h.key >= $2::text AND h.key < $3::text
    ORDER BY h.key, h.seq DESC LIMIT $4::integer)
  UNION ALL
  (SELECT h.key, h.seq, h.bytes, h.etag, h.modified_at, h.class, h.checksum, h.owner_id, h.is_null, h.blob_id, h.delete_marker, false
    FROM sealgate.history h
    WHERE h.bucket_id = $1::integer AND h.key = $5::text AND h.seq < (SELECT m.seq FROM marker m)
    ORDER BY h.seq DESC LIMIT $4::integer)
  UNION ALL
  -- The current one is older than the marker when the marker's version is gone by now.
  (SELECT o.key, o.seq, o.bytes, o.etag, o.modified_at, o.class, o.checksum, o.owner_id, o.is_null, o.blob_id, false, true
    FROM sealgate.objects o
    WHERE o.bucket_id = $1::integer AND o.key = $5::text AND o.seq < (SELECT m.seq FROM marker m))
) v
ORDER BY v.key, v.seq DESC
LIMIT $4::integer
