-- Keys and common prefixes of a range, ascending. Each step of the recursion is one descent of the primary key's index:
-- from the last key to what follows it, or from a common prefix to the first key behind everything that starts with it.
-- A step takes one key after a common prefix and more at a time while the keys are not rolled up; what it read behind a
-- common prefix it drops, so that a folder costs one descent however much is in it.
-- $1 bucket, $2 lower bound (inclusive), $3 upper bound (exclusive), $4 limit, $5 characters of the prefix, $6 delimiter,
-- $7 the delimiter's successor (NULL when it has none)
WITH RECURSIVE item AS (
  SELECT 0 AS n, NULL::text COLLATE "C" AS key, 0 AS cut, 1 AS batch, true AS last, NULL::bigint AS bytes, NULL::bytea AS etag,
    NULL::timestamptz AS modified_at, NULL::integer AS class, NULL::bytea AS checksum, NULL::text AS owner_id
  UNION ALL
  SELECT i.n + o.place::integer, o.key, o.cut, CASE WHEN o.cut = 0 THEN least(i.batch * 4, 64) ELSE 1 END,
    o.cut > 0 OR o.place = i.batch, o.bytes, o.etag, o.modified_at, o.class, o.checksum, o.owner_id
  FROM item i
  CROSS JOIN LATERAL (
    SELECT q.*, row_number() OVER () AS place, max(q.cut) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
    FROM (
      SELECT f.key, f.bytes, f.etag, f.modified_at, f.class, f.checksum, f.owner_id, strpos(substr(f.key, $5::integer + 1), $6::text) AS cut
      FROM sealgate.objects f
      WHERE f.bucket_id = $1::integer AND f.key < $3::text
        AND f.key >= CASE
          WHEN i.n = 0 THEN $2::text
          WHEN i.cut = 0 THEN i.key || chr(1)
          WHEN $7::text IS NOT NULL THEN left(i.key, $5::integer + i.cut - 1) || $7::text
          ELSE coalesce(sealgate.key_successor(left(i.key, $5::integer + i.cut - 1)), $3::text)
        END
      ORDER BY f.key
      LIMIT i.batch
    ) q
  ) o
  WHERE i.last AND i.n < $4::integer AND coalesce(o.earlier, 0) = 0
)
SELECT CASE WHEN i.cut > 0 THEN left(i.key, $5::integer + i.cut - 1 + length($6::text)) END AS common_prefix,
  i.key, i.bytes, i.etag, i.modified_at, i.class, i.checksum, i.owner_id
FROM item i WHERE i.n > 0
ORDER BY i.n
LIMIT $4::integer
