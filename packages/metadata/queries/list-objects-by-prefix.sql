-- Keys and common prefixes of a range, ascending: each step of the recursion is one descent of the primary key's index,
-- from a key to the next one, or from a common prefix to the first key behind everything that starts with it.
-- $1 bucket, $2 lower bound (inclusive), $3 upper bound (exclusive), $4 limit, $5 characters of the prefix, $6 delimiter,
-- $7 the delimiter's successor (NULL when it has none)
WITH RECURSIVE item AS (
  (
    SELECT 1 AS n, f.key, f.bytes, f.etag, f.modified_at, f.class, f.checksum, strpos(substr(f.key, $5::integer + 1), $6::text) AS cut
    FROM sealgate.objects f
    WHERE f.bucket_id = $1::integer AND f.key >= $2::text AND f.key < $3::text
    ORDER BY f.key
    LIMIT 1
  )
  UNION ALL
  SELECT i.n + 1, o.key, o.bytes, o.etag, o.modified_at, o.class, o.checksum, strpos(substr(o.key, $5::integer + 1), $6::text)
  FROM item i
  CROSS JOIN LATERAL (
    SELECT f.* FROM sealgate.objects f
    WHERE f.bucket_id = $1::integer AND f.key < $3::text
      AND f.key >= CASE
        WHEN i.cut = 0 THEN i.key || chr(1)
        WHEN $7::text IS NOT NULL THEN left(i.key, $5::integer + i.cut - 1) || $7::text
        ELSE coalesce(sealgate.key_successor(left(i.key, $5::integer + i.cut - 1)), $3::text)
      END
    ORDER BY f.key
    LIMIT 1
  ) o
  WHERE i.n < $4::integer
)
SELECT CASE WHEN i.cut > 0 THEN left(i.key, $5::integer + i.cut - 1 + length($6::text)) END AS common_prefix,
  i.key, i.bytes, i.etag, i.modified_at, i.class, i.checksum
FROM item i
ORDER BY i.n
