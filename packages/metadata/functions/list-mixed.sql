-- The same as list_objects_by_delimiter, for keys with common prefixes among them. A step takes the first key behind
-- a common prefix, or, where it is not rolled up (cut -1: it is to be read again), more and more keys at a time; what such
-- a batch has behind a common prefix is dropped.
CREATE OR REPLACE FUNCTION sealgate.list_mixed(
  p_bucket integer, p_lower text, p_upper text, p_limit integer, p_skip integer, p_delimiter text, p_behind text
) RETURNS TABLE (
  common_prefix text, key text, bytes bigint, etag bytea, modified_at timestamptz, class integer, checksum bytea, owner_id text
)
LANGUAGE sql STABLE ROWS 1000 AS $$
  WITH RECURSIVE item AS (
    SELECT 0 AS n, p_lower COLLATE "C" AS key, -1 AS cut, 16 AS batch, true AS last, NULL::bigint AS bytes, NULL::bytea AS etag,
      NULL::timestamptz AS modified_at, NULL::integer AS class, NULL::bytea AS checksum, NULL::text AS owner_id
    UNION ALL
    SELECT s.*
    FROM item i CROSS JOIN LATERAL (
      SELECT i.n + (p.cut > 0)::integer, p.key, CASE WHEN p.cut > 0 THEN p.cut ELSE -1 END, 4, true, NULL::bigint, NULL::bytea,
        NULL::timestamptz, NULL::integer, NULL::bytea, NULL::text
      FROM (
        SELECT f.key, strpos(substr(f.key, p_skip + 1), p_delimiter) AS cut FROM sealgate.objects f
        WHERE f.bucket_id = p_bucket AND f.key >= CASE
          WHEN p_behind IS NOT NULL THEN left(i.key, p_skip + i.cut - 1) || p_behind
          ELSE coalesce(sealgate.key_successor(left(i.key, p_skip + i.cut - 1)), p_upper)
        END
        ORDER BY f.key LIMIT 1
      ) p
      WHERE i.cut > 0 AND p.key < p_upper
      UNION ALL
      SELECT i.n + 1 + o.before::integer, o.key, o.cut, least(i.batch * 4, 256), o.cut > 0 OR o.before + 1 = i.batch, o.bytes,
        o.etag, o.modified_at, o.class, o.checksum, o.owner_id
      FROM (
        SELECT q.*, count(*) OVER w AS before, max(q.cut) OVER w AS earlier
        FROM (
          SELECT f.key, f.bytes, f.etag, f.modified_at, f.class, f.checksum, f.owner_id,
            strpos(substr(f.key, p_skip + 1), p_delimiter) AS cut
          FROM sealgate.objects f
          WHERE f.bucket_id = p_bucket AND f.key < p_upper
            AND f.key >= CASE WHEN i.cut < 0 THEN i.key ELSE i.key || chr(1) END
          ORDER BY f.key LIMIT i.batch
        ) q
        WINDOW w AS (ORDER BY q.key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
      ) o
      WHERE i.cut <= 0 AND coalesce(o.earlier, 0) = 0
    ) s
    WHERE i.last AND i.n < p_limit
  )
  SELECT CASE WHEN i.cut > 0 THEN left(i.key, p_skip + i.cut - 1 + length(p_delimiter)) END, CASE WHEN i.cut = 0 THEN i.key END,
    i.bytes, i.etag, i.modified_at, i.class, i.checksum, i.owner_id
  FROM item i WHERE i.n > 0 AND i.cut >= 0
  ORDER BY i.n LIMIT p_limit;
$$;
