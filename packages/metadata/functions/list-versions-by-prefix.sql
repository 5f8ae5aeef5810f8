-- Versions and common prefixes of a range of keys, by key, newest first: at most p_limit of them. p_skip is the length of
-- the prefix that was asked for, p_behind the delimiter's successor (NULL when it has none). Versions of p_marker_key older
-- than p_marker_seq come first. Runs of common prefixes and runs of keys take turns, as in list_objects_by_prefix; a run of
-- common prefixes remembers the next key of each table, and looks only where it has walked past it.
CREATE OR REPLACE FUNCTION sealgate.list_versions_by_prefix(
  p_bucket integer, p_lower text, p_upper text, p_limit integer, p_skip integer, p_delimiter text, p_behind text,
  p_marker_key text, p_marker_seq bigint
) RETURNS TABLE (
  common_prefix text, key text, seq bigint, bytes bigint, etag bytea, modified_at timestamptz, class integer, checksum bytea,
  owner_id text, is_null boolean, blob_id uuid, delete_marker boolean, latest boolean
)
LANGUAGE plpgsql STABLE ROWS 1000 AS $$
DECLARE
  v_at text := p_lower;
  v_left integer := p_limit;
  v_run text[];
  v_end text;
  v_rows integer;
BEGIN
  LOOP
    -- A page most often begins with what its first key is; versions of the marker's key come before that.
    IF v_run IS NOT NULL OR p_marker_key IS NOT NULL THEN
      v_end := (
        SELECT min(q.key) FROM (
          (SELECT o.key COLLATE "C" AS key FROM sealgate.objects o
            WHERE o.bucket_id = p_bucket AND o.key >= v_at AND o.key < p_upper ORDER BY o.key LIMIT v_left)
          UNION ALL
          (SELECT h.key FROM sealgate.history h
            WHERE h.bucket_id = p_bucket AND h.key >= v_at AND h.key < p_upper ORDER BY h.key LIMIT v_left)
        ) q
        WHERE strpos(substr(q.key, p_skip + 1), p_delimiter) > 0
      );
      RETURN QUERY SELECT NULL::text, r.* FROM sealgate.list_versions(p_bucket, v_at, coalesce(v_end, p_upper), v_left,
        CASE WHEN v_left = p_limit THEN p_marker_key END, p_marker_seq) r;
      GET DIAGNOSTICS v_rows = ROW_COUNT;
      v_left := v_left - v_rows;
      v_at := v_end;
      EXIT WHEN v_left <= 0 OR v_at IS NULL;
      IF v_rows < 8 AND cardinality(v_run) BETWEEN 1 AND 7 THEN
        RETURN QUERY SELECT m.* FROM sealgate.list_versions_mixed(p_bucket, v_at, p_upper, v_left, p_skip, p_delimiter) m;
        EXIT;
      END IF;
    END IF;

    v_run := ARRAY(
      WITH RECURSIVE item AS (
        SELECT 0 AS n, v_at COLLATE "C" AS key, 0 AS cut, ''::text COLLATE "C" AS object, ''::text COLLATE "C" AS older,
          false AS lucky
        UNION ALL
        SELECT i.n + 1, least(k.object, k.older), strpos(substr(least(k.object, k.older), p_skip + 1), p_delimiter), k.object,
          k.older, k.object < b.guess AND k.older < b.guess
        FROM item i
        CROSS JOIN LATERAL (SELECT CASE
            WHEN i.n = 0 THEN i.key
            WHEN p_behind IS NOT NULL THEN left(i.key, p_skip + i.cut - 1) || p_behind
            ELSE coalesce(sealgate.key_successor(left(i.key, p_skip + i.cut - 1)), p_upper)
          END AS lower_bound,
          sealgate.guessed_end(i.key, p_skip + i.cut - 1) AS guess OFFSET 0) b
        CROSS JOIN LATERAL (SELECT
          CASE WHEN i.object >= b.lower_bound THEN i.object ELSE coalesce(
            CASE WHEN i.lucky THEN (SELECT o.key FROM sealgate.objects o WHERE o.bucket_id = p_bucket
              AND o.key >= b.lower_bound AND o.key < b.guess ORDER BY o.key LIMIT 1) END,
            (SELECT o.key FROM sealgate.objects o WHERE o.bucket_id = p_bucket AND o.key >= b.lower_bound
              ORDER BY o.key LIMIT 1), p_upper) END AS object,
          CASE WHEN i.older >= b.lower_bound THEN i.older ELSE coalesce(
            CASE WHEN i.lucky THEN (SELECT h.key FROM sealgate.history h WHERE h.bucket_id = p_bucket
              AND h.key >= b.lower_bound AND h.key < b.guess ORDER BY h.key LIMIT 1) END,
            (SELECT h.key FROM sealgate.history h WHERE h.bucket_id = p_bucket AND h.key >= b.lower_bound
              ORDER BY h.key LIMIT 1), p_upper) END AS older
          OFFSET 0) k
        WHERE i.n < v_left AND (i.cut > 0 OR i.n = 0) AND least(k.object, k.older) < p_upper
      )
      SELECT left(i.key, p_skip + i.cut - 1 + length(p_delimiter)) FROM item i WHERE i.cut > 0
    );
    RETURN QUERY SELECT r.name, NULL::text, NULL::bigint, NULL::bigint, NULL::bytea, NULL::timestamptz, NULL::integer,
      NULL::bytea, NULL::text, NULL::boolean, NULL::uuid, NULL::boolean, NULL::boolean FROM unnest(v_run) AS r(name);
    v_left := v_left - cardinality(v_run);
    EXIT WHEN v_left <= 0;
    IF cardinality(v_run) > 0 THEN
      v_at := sealgate.behind_prefix(v_run[cardinality(v_run)], p_delimiter, p_behind);
      EXIT WHEN v_at IS NULL;
    END IF;
  END LOOP;
END
$$;
