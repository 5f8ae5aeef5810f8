-- Keys and common prefixes of a range, ascending: at most p_limit of them. Common prefixes that follow each other are one row. p_skip is the length of the prefix that was
-- asked for, p_behind the delimiter's successor (NULL when it has none).
-- What costs is the descent of the index: a scan for one row still compares every key that is left on its leaf page. So a
-- run of common prefixes is walked by a recursion that does nothing else: one descent a prefix, however much is in it, that
-- reads the index only and has no end of range to compare with. Names often count up and have the same below them, so while
-- that proves right the next key is looked for up to a guess (guessed_key), which ends the scan after a key or two; who fails
-- once, as names that count up do when they carry, is tried once more. A run of keys is read in one go, up to the
-- first that is rolled up. Where runs are short, list_mixed does the rest.
CREATE OR REPLACE FUNCTION sealgate.list_objects_by_delimiter(
  p_bucket integer, p_lower text, p_upper text, p_limit integer, p_skip integer, p_delimiter text, p_behind text
) RETURNS TABLE (
  common_prefixes json, key text, bytes bigint, etag bytea, modified_at timestamptz, class integer, checksum bytea, owner_id text
)
LANGUAGE plpgsql STABLE ROWS 1000 AS $$
DECLARE
  v_at text := p_lower;
  -- Every key of the range begins with it.
  v_prefix text := left(p_lower, p_skip);
  v_left integer := p_limit;
  v_run text[];
  v_end text;
  v_keys integer;
BEGIN
  WHILE v_left > 0 AND v_at IS NOT NULL LOOP
    v_run := ARRAY(
      WITH RECURSIVE item AS (
        SELECT 0 AS n, v_at COLLATE "C" AS key, NULL::text COLLATE "C" AS name, 0 AS luck
        UNION ALL
        SELECT i.n + 1, k.key, nullif(v_prefix || split_part(substr(k.key, p_skip + 1), p_delimiter, 1), k.key),
          CASE WHEN k.key <= b.guess THEN 2 ELSE i.luck - 1 END
        FROM item i
        CROSS JOIN LATERAL (SELECT
            CASE
              WHEN i.n = 0 THEN i.key
              WHEN p_behind IS NOT NULL THEN i.name || p_behind
              ELSE coalesce(sealgate.key_successor(i.name), p_upper)
            END AS lower_bound,
            sealgate.guessed_key(i.key, i.name) AS guess OFFSET 0) b
        CROSS JOIN LATERAL (SELECT coalesce(
            CASE WHEN i.luck > 0 THEN (SELECT f.key FROM sealgate.objects f
              WHERE f.bucket_id = p_bucket AND f.key >= b.lower_bound AND f.key <= b.guess ORDER BY f.key LIMIT 1) END,
            (SELECT f.key FROM sealgate.objects f
              WHERE f.bucket_id = p_bucket AND f.key >= b.lower_bound ORDER BY f.key LIMIT 1)
          ) AS key OFFSET 0) k
        WHERE i.n < v_left AND (i.name IS NOT NULL OR i.n = 0) AND k.key < p_upper
      )
      SELECT i.name || p_delimiter FROM item i WHERE i.name IS NOT NULL
    );
    RETURN QUERY SELECT to_json(v_run), NULL::text, NULL::bigint, NULL::bytea, NULL::timestamptz, NULL::integer, NULL::bytea, NULL::text
      WHERE cardinality(v_run) > 0;
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
    RETURN QUERY SELECT NULL::json, f.key, f.bytes, f.etag, f.modified_at, f.class, f.checksum, f.owner_id
      FROM sealgate.objects f
      WHERE f.bucket_id = p_bucket AND f.key >= v_at AND f.key < coalesce(v_end, p_upper)
      ORDER BY f.key LIMIT v_left;
    GET DIAGNOSTICS v_keys = ROW_COUNT;
    v_left := v_left - v_keys;
    v_at := v_end;

    IF v_left > 0 AND v_at IS NOT NULL AND cardinality(v_run) < 8 AND v_keys < 8 THEN
      RETURN QUERY SELECT CASE WHEN m.common_prefix IS NOT NULL THEN json_build_array(m.common_prefix) END, m.key, m.bytes, m.etag,
          m.modified_at, m.class, m.checksum, m.owner_id
        FROM sealgate.list_mixed(p_bucket, v_at, p_upper, v_left, p_skip, p_delimiter, p_behind) m;
      EXIT;
    END IF;
  END LOOP;
END
$$;
