-- Versions and common prefixes of a range of keys, by key, newest first. Each step of the recursion is a descent of the two
-- indexes (without the range's end among their conditions, which every key on the leaf page would be compared with); rows
-- come out in the order of the walk, so the limit ends it early.
-- $1 bucket, $2 lower bound (inclusive), $3 upper bound (exclusive), $4 limit, $5 characters of the prefix, $6 delimiter,
-- $7 key of the marker and $8 its sequence: versions of $7 older than $8 come first ($8 NULL: older than its null version)
WITH RECURSIVE item AS (
  SELECT 0 AS n, $7::text COLLATE "C" AS key, 0 AS cut, coalesce($8::bigint,
    (SELECT o.seq FROM sealgate.objects o WHERE o.bucket_id = $1::integer AND o.key = $7::text AND o.is_null),
    (SELECT h.seq FROM sealgate.history h WHERE h.bucket_id = $1::integer AND h.key = $7::text AND h.is_null), 0) AS older_than
  UNION ALL
  SELECT i.n + 1, k.key, strpos(substr(k.key, $5::integer + 1), $6::text), 9223372036854775807
  FROM item i
  CROSS JOIN LATERAL (SELECT CASE
      WHEN i.n = 0 THEN $2::text
      WHEN i.cut = 0 THEN i.key || chr(1)
      ELSE coalesce(sealgate.key_successor(left(i.key, $5::integer + i.cut - 1 + length($6::text))), $3::text)
    END AS lower_bound OFFSET 0) b
  CROSS JOIN LATERAL (SELECT least(
    (SELECT o.key FROM sealgate.objects o WHERE o.bucket_id = $1::integer AND o.key >= b.lower_bound ORDER BY o.key LIMIT 1),
    (SELECT h.key FROM sealgate.history h WHERE h.bucket_id = $1::integer AND h.key >= b.lower_bound ORDER BY h.key LIMIT 1)
  ) AS key OFFSET 0) k
  WHERE i.n < $4::integer AND k.key < $3::text
)
SELECT CASE WHEN i.cut > 0 THEN left(i.key, $5::integer + i.cut - 1 + length($6::text)) END AS common_prefix, i.key,
  v.seq, v.bytes, v.etag, v.modified_at, v.class, v.checksum, v.owner_id, v.is_null, v.blob_id, v.delete_marker,
  v.from_objects OR (v.delete_marker AND v.place = 1 AND (i.n > 0 OR NOT EXISTS (
    SELECT FROM sealgate.history h WHERE h.bucket_id = $1::integer AND h.key = i.key AND h.seq > v.seq
    UNION ALL
    SELECT FROM sealgate.objects o WHERE o.bucket_id = $1::integer AND o.key = i.key))) AS latest
FROM item i
CROSS JOIN LATERAL (
  SELECT NULL::bigint AS seq, NULL::bigint AS bytes, NULL::bytea AS etag, NULL::timestamptz AS modified_at, NULL::integer AS class,
    NULL::bytea AS checksum, NULL::text AS owner_id, NULL::boolean AS is_null, NULL::uuid AS blob_id, NULL::boolean AS delete_marker,
    NULL::boolean AS from_objects, NULL::bigint AS place
  WHERE i.cut > 0
  UNION ALL
  (SELECT a.*, row_number() OVER (ORDER BY a.seq DESC) FROM (
    SELECT o.seq, o.bytes, o.etag, o.modified_at, o.class, o.checksum, o.owner_id, o.is_null, o.blob_id, false AS delete_marker,
      true AS from_objects
    FROM sealgate.objects o WHERE i.cut = 0 AND o.bucket_id = $1::integer AND o.key = i.key AND o.seq < i.older_than
    UNION ALL
    (SELECT h.seq, h.bytes, h.etag, h.modified_at, h.class, h.checksum, h.owner_id, h.is_null, h.blob_id, h.delete_marker, false
      FROM sealgate.history h WHERE i.cut = 0 AND h.bucket_id = $1::integer AND h.key = i.key AND h.seq < i.older_than
      ORDER BY h.seq DESC LIMIT $4::integer)
  ) a ORDER BY a.seq DESC LIMIT $4::integer)
) v
LIMIT $4::integer
