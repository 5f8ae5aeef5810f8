-- The same as list_versions_by_delimiter, for keys with common prefixes among them: each step of the recursion finds the next
-- key, or common prefix, in both tables. Rows come out in the order of the walk, so the limit ends it early.
CREATE OR REPLACE FUNCTION sealgate.list_versions_mixed(
  p_bucket integer, p_lower text, p_upper text, p_limit integer, p_skip integer, p_delimiter text
) RETURNS TABLE (
  common_prefix text, key text, seq bigint, bytes bigint, etag bytea, modified_at timestamptz, class integer, checksum bytea,
  owner_id text, is_null boolean, blob_id uuid, delete_marker boolean, latest boolean
)
LANGUAGE sql STABLE ROWS 1000 AS $$
  WITH RECURSIVE item AS (
    SELECT 0 AS n, p_lower COLLATE "C" AS key, 0 AS cut
    UNION ALL
    SELECT i.n + 1, k.key, strpos(substr(k.key, p_skip + 1), p_delimiter)
    FROM item i
    CROSS JOIN LATERAL (SELECT CASE
        WHEN i.n = 0 THEN i.key
        WHEN i.cut = 0 THEN i.key || chr(1)
        ELSE coalesce(sealgate.key_successor(left(i.key, p_skip + i.cut - 1 + length(p_delimiter))), p_upper)
      END AS lower_bound OFFSET 0) b
    CROSS JOIN LATERAL (SELECT least(
      (SELECT o.key FROM sealgate.objects o WHERE o.bucket_id = p_bucket AND o.key >= b.lower_bound ORDER BY o.key LIMIT 1),
      (SELECT h.key FROM sealgate.history h WHERE h.bucket_id = p_bucket AND h.key >= b.lower_bound ORDER BY h.key LIMIT 1)
    ) AS key OFFSET 0) k
    WHERE i.n < p_limit AND k.key < p_upper
  )
  SELECT CASE WHEN i.cut > 0 THEN left(i.key, p_skip + i.cut - 1 + length(p_delimiter)) END, i.key, v.seq, v.bytes, v.etag,
    v.modified_at, v.class, v.checksum, v.owner_id, v.is_null, v.blob_id, v.delete_marker,
    v.from_objects OR (v.delete_marker AND v.place = 1)
  FROM item i
  CROSS JOIN LATERAL (
    SELECT NULL::bigint AS seq, NULL::bigint AS bytes, NULL::bytea AS etag, NULL::timestamptz AS modified_at,
      NULL::integer AS class, NULL::bytea AS checksum, NULL::text AS owner_id, NULL::boolean AS is_null, NULL::uuid AS blob_id,
      NULL::boolean AS delete_marker, NULL::boolean AS from_objects, NULL::bigint AS place
    WHERE i.cut > 0
    UNION ALL
    (SELECT a.*, row_number() OVER (ORDER BY a.seq DESC) FROM (
      SELECT o.seq, o.bytes, o.etag, o.modified_at, o.class, o.checksum, o.owner_id, o.is_null, o.blob_id,
        false AS delete_marker, true AS from_objects
      FROM sealgate.objects o WHERE i.cut = 0 AND o.bucket_id = p_bucket AND o.key = i.key
      UNION ALL
      (SELECT h.seq, h.bytes, h.etag, h.modified_at, h.class, h.checksum, h.owner_id, h.is_null, h.blob_id, h.delete_marker,
          false
        FROM sealgate.history h WHERE i.cut = 0 AND h.bucket_id = p_bucket AND h.key = i.key
        ORDER BY h.seq DESC LIMIT p_limit)
    ) a ORDER BY a.seq DESC LIMIT p_limit)
  ) v
  WHERE i.n > 0
  LIMIT p_limit;
$$;
