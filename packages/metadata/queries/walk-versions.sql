-- Versions and delete markers of a range of keys, by key, newest first.
-- $1 bucket, $2 lower bound (inclusive), $3 upper bound (exclusive), $4 limit, $5 key and $6 sequence of the last one
-- before: older ones of that key come first ($5 NULL: none)
SELECT v.*
FROM (
  (SELECT o.key, o.seq, o.bytes, o.modified_at, o.class, o.is_null, o.blob_id, o.tags, false AS delete_marker
    FROM sealgate.objects o
    WHERE o.bucket_id = $1::integer AND o.key >= $2::text AND o.key < $3::text
    ORDER BY o.key LIMIT $4::integer)
  UNION ALL
  (SELECT h.key, h.seq, h.bytes, h.modified_at, h.class, h.is_null, h.blob_id, h.tags, h.delete_marker
    FROM sealgate.history h
    WHERE h.bucket_id = $1::integer AND h.key >= $2::text AND h.key < $3::text
    ORDER BY h.key, h.seq DESC LIMIT $4::integer)
  UNION ALL
  -- A version that was newest may have gone since, and what was older then be the row of objects now.
  (SELECT o.key, o.seq, o.bytes, o.modified_at, o.class, o.is_null, o.blob_id, o.tags, false
    FROM sealgate.objects o
    WHERE o.bucket_id = $1::integer AND o.key = $5::text AND o.seq < $6::bigint)
  UNION ALL
  (SELECT h.key, h.seq, h.bytes, h.modified_at, h.class, h.is_null, h.blob_id, h.tags, h.delete_marker
    FROM sealgate.history h
    WHERE h.bucket_id = $1::integer AND h.key = $5::text AND h.seq < $6::bigint
    ORDER BY h.seq DESC LIMIT $4::integer)
) v
ORDER BY v.key, v.seq DESC
LIMIT $4::integer
