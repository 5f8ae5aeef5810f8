-- Keys and common prefixes of a range, ascending: at most p_limit of them. p_skip is the length of the prefix that was
-- asked for, p_behind the delimiter's successor (NULL when it has none).
-- What costs is the descent of the index: a scan for one row still compares every key that is left on its leaf page. So a
-- run of common prefixes is walked by a recursion that does nothing else: one descent a prefix, however much is in it, that
-- reads the index only and has no end of range to compare with. Names often count up, so as long as that proves right the
-- next one is looked for below a guess, which ends the scan after few keys. A run of keys is read in one go, up to the
-- first that is rolled up. Where runs are short, list_mixed does the rest.
CREATE OR REPLACE FUNCTION sealgate.list_objects_by_prefix(
  p_bucket integer, p_lower text, p_upper text, p_limit integer, p_skip integer, p_delimiter text, p_behind text
) RETURNS TABLE (
  common_prefix text, key text, bytes bigint, etag bytea, modified_at timestamptz, class integer, checksum bytea, owner_id text
)
LANGUAGE plpgsql STABLE ROWS 1000 AS $$
DECLARE
  v_at text := p_lower;
  v_left integer := p_limit;
  v_run text[];
  v_end text;
  v_keys integer;
BEGIN
  WHILE v_left > 0 AND v_at IS NOT NULL LOOP
    v_run := ARRAY(
      WITH RECURSIVE item AS (
        SELECT 0 AS n, v_at COLLATE "C" AS key, 0 AS cut, false AS lucky
        UNION ALL
        SELECT i.n + 1, k.key, strpos(substr(k.key, p_skip + 1), p_delimiter), k.key < b.guess
        FROM item i
        CROSS JOIN LATERAL (SELECT
            CASE
              WHEN i.n = 0 THEN i.key
              WHEN p_behind IS NOT NULL THEN left(i.key, p_skip + i.cut - 1) || p_behind
              ELSE coalesce(sealgate.key_successor(left(i.key, p_skip + i.cut - 1)), p_upper)
            END AS lower_bound,
            sealgate.guessed_end(i.key, p_skip + i.cut - 1) AS guess OFFSET 0) b
        CROSS JOIN LATERAL (SELECT coalesce(
            CASE WHEN i.lucky THEN (SELECT f.key FROM sealgate.objects f
              WHERE f.bucket_id = p_bucket AND f.key >= b.lower_bound AND f.key < b.guess ORDER BY f.key LIMIT 1) END,
            (SELECT f.key FROM sealgate.objects f
              WHERE f.bucket_id = p_bucket AND f.key >= b.lower_bound ORDER BY f.key LIMIT 1)
          ) AS key OFFSET 0) k
        WHERE i.n < v_left AND (i.cut > 0 OR i.n = 0) AND k.key < p_upper
      )
      SELECT left(i.key, p_skip + i.cut - 1 + length(p_delimiter)) FROM item i WHERE i.cut > 0
    );
    RETURN QUERY SELECT r.name, NULL::text, NULL::bigint, NULL::bytea, NULL::timestamptz, NULL::integer, NULL::bytea, NULL::text
      FROM unnest(v_run) AS r(name);
    IF cardinality(v_run) > 0 THEN
      v_at := sealgate.behind_prefix(v_run[cardinality(v_run)], p_delimiter, p_behind);
    END IF;
    v_left := v_left - cardinality(v_run);
    EXIT WHEN v_left <= 0 OR v_at IS NULL;

    v_end := (
      SELECT q.key FROM (
        SELECT f.key FROM sealgate.objects f
        WHERE f.bucket_id = p_bucket AND f.key >= v_at AND f.key < p_upper
        ORDER BY f.key LIMIT v_left
      ) q
      WHERE strpos(substr(q.key, p_skip + 1), p_delimiter) > 0
      LIMIT 1
    );
    RETURN QUERY SELECT NULL::text, f.key, f.bytes, f.etag, f.modified_at, f.class, f.checksum, f.owner_id
      FROM sealgate.objects f
      WHERE f.bucket_id = p_bucket AND f.key >= v_at AND f.key < coalesce(v_end, p_upper)
      ORDER BY f.key LIMIT v_left;
    GET DIAGNOSTICS v_keys = ROW_COUNT;
    v_left := v_left - v_keys;
    v_at := v_end;

    IF v_left > 0 AND v_at IS NOT NULL AND cardinality(v_run) < 8 AND v_keys < 8 THEN
      RETURN QUERY SELECT m.* FROM sealgate.list_mixed(p_bucket, v_at, p_upper, v_left, p_skip, p_delimiter, p_behind) m;
      EXIT;
    END IF;
  END LOOP;
END
$$;
