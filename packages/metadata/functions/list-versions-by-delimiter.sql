-- Versions and common prefixes of a range of keys, by key, newest first: at most p_limit of them. Common prefixes that follow
-- each other are one row. p_skip is the length of the prefix that was asked for, p_behind the delimiter's successor (NULL when it
-- has none). Versions of p_marker_key older than p_marker_seq come first. Runs of common prefixes and runs of keys take turns, as
-- in list_objects_by_delimiter. A run of common prefixes remembers the next key of each table, and looks only where it has
-- walked past it. That helps where one table has few of the prefixes. Where history has most of them, knowing its next key is no
-- use, and all that matters is whether it has one before the prefix that objects has next (NULL: none): a scan that ends at
-- once. So history's next key is asked for only where the one before was of use, and every now and then.
CREATE OR REPLACE FUNCTION sealgate.list_versions_by_delimiter(
  p_bucket integer, p_lower text, p_upper text, p_limit integer, p_skip integer, p_delimiter text, p_behind text,
  p_marker_key text, p_marker_seq bigint
) RETURNS TABLE (
  common_prefixes json, key text, seq bigint, bytes bigint, etag bytea, modified_at timestamptz, class integer, checksum bytea,
  owner_id text, is_null boolean, blob_id uuid, delete_marker boolean, latest boolean
)
LANGUAGE plpgsql STABLE ROWS 1000 AS $$
DECLARE
  v_at text := p_lower;
  -- Every key of the range begins with it.
  v_prefix text := left(p_lower, p_skip);
  v_left integer := p_limit;
  v_run text[];
  v_end text;
  v_rows integer;
BEGIN
  LOOP
    -- A page most often begins with what its first key is; versions of the marker's key come before that.
    IF v_run IS NOT NULL OR p_marker_key IS NOT NULL THEN
      v_end := least(
        (SELECT q.key FROM (SELECT o.key FROM sealgate.objects o
            WHERE o.bucket_id = p_bucket AND o.key >= v_at AND o.key < p_upper ORDER BY o.key LIMIT v_left) q
          WHERE strpos(substr(q.key, p_skip + 1), p_delimiter) > 0 LIMIT 1),
        (SELECT q.key FROM (SELECT h.key FROM sealgate.history h
            WHERE h.bucket_id = p_bucket AND h.key >= v_at AND h.key < p_upper ORDER BY h.key LIMIT v_left) q
          WHERE strpos(substr(q.key, p_skip + 1), p_delimiter) > 0 LIMIT 1)
      );
      RETURN QUERY SELECT NULL::json, r.* FROM sealgate.list_versions(p_bucket, v_at, coalesce(v_end, p_upper), v_left,
        CASE WHEN v_left = p_limit THEN p_marker_key END, p_marker_seq) r;
      GET DIAGNOSTICS v_rows = ROW_COUNT;
      v_left := v_left - v_rows;
      v_at := v_end;
      EXIT WHEN v_left <= 0 OR v_at IS NULL;
      IF v_rows < 8 AND cardinality(v_run) BETWEEN 1 AND 7 THEN
        RETURN QUERY SELECT CASE WHEN m.common_prefix IS NOT NULL THEN json_build_array(m.common_prefix) END, m.key, m.seq, m.bytes,
            m.etag, m.modified_at, m.class, m.checksum, m.owner_id, m.is_null, m.blob_id, m.delete_marker, m.latest
          FROM sealgate.list_versions_mixed(p_bucket, v_at, p_upper, v_left, p_skip, p_delimiter) m;
        EXIT;
      END IF;
    END IF;

    v_run := ARRAY(
      WITH RECURSIVE item AS (
        SELECT 0 AS n, v_at COLLATE "C" AS key, NULL::text COLLATE "C" AS name, NULL::text COLLATE "C" AS object,
          NULL::text COLLATE "C" AS older, false AS kept, 0 AS luck
        UNION ALL
        SELECT i.n + 1, k.key, nullif(CASE WHEN h.key < o.key
            THEN v_prefix || split_part(substr(h.key, p_skip + 1), p_delimiter, 1) ELSE s.stem END, k.key), o.key, h.key,
          h.key = i.older, CASE WHEN k.key <= b.guess THEN 2 ELSE i.luck - 1 END
        FROM item i
        CROSS JOIN LATERAL (SELECT CASE
            WHEN i.n = 0 THEN i.key
            WHEN p_behind IS NOT NULL THEN i.name || p_behind
            ELSE coalesce(sealgate.key_successor(i.name), p_upper)
          END AS lower_bound,
          sealgate.guessed_key(i.key, i.name) AS guess OFFSET 0) b
        CROSS JOIN LATERAL (SELECT CASE WHEN i.object >= b.lower_bound THEN i.object ELSE coalesce(
            CASE WHEN i.luck > 0 THEN (SELECT f.key FROM sealgate.objects f WHERE f.bucket_id = p_bucket
              AND f.key >= b.lower_bound AND f.key <= b.guess ORDER BY f.key LIMIT 1) END,
            (SELECT f.key FROM sealgate.objects f WHERE f.bucket_id = p_bucket AND f.key >= b.lower_bound
              ORDER BY f.key LIMIT 1), p_upper) END AS key OFFSET 0) o
        -- NULL: objects has nothing left.
        CROSS JOIN LATERAL (SELECT CASE WHEN o.key < p_upper
          THEN v_prefix || split_part(substr(o.key, p_skip + 1), p_delimiter, 1) END AS stem OFFSET 0) s
        CROSS JOIN LATERAL (SELECT CASE
            WHEN i.older >= b.lower_bound THEN i.older
            WHEN i.kept OR i.n % 16 = 0 THEN coalesce(
              (SELECT f.key FROM sealgate.history f WHERE f.bucket_id = p_bucket AND f.key >= b.lower_bound
                ORDER BY f.key LIMIT 1), p_upper)
            ELSE coalesce(
              CASE WHEN i.luck > 0 AND o.key > b.guess THEN (SELECT f.key FROM sealgate.history f WHERE f.bucket_id = p_bucket
                AND f.key >= b.lower_bound AND f.key <= b.guess ORDER BY f.key LIMIT 1) END,
              (SELECT f.key FROM sealgate.history f WHERE f.bucket_id = p_bucket AND f.key >= b.lower_bound
                AND f.key < coalesce(s.stem || p_delimiter, p_upper) ORDER BY f.key LIMIT 1))
          END AS key OFFSET 0) h
        CROSS JOIN LATERAL (SELECT least(o.key, h.key) AS key OFFSET 0) k
        WHERE i.n < v_left AND (i.name IS NOT NULL OR i.n = 0) AND k.key < p_upper
      )
      SELECT i.name || p_delimiter FROM item i WHERE i.name IS NOT NULL
    );
    RETURN QUERY SELECT to_json(v_run), NULL::text, NULL::bigint, NULL::bigint, NULL::bytea, NULL::timestamptz, NULL::integer,
      NULL::bytea, NULL::text, NULL::boolean, NULL::uuid, NULL::boolean, NULL::boolean
      WHERE cardinality(v_run) > 0;
    v_left := v_left - cardinality(v_run);
    EXIT WHEN v_left <= 0;
    IF cardinality(v_run) > 0 THEN
      v_at := sealgate.behind_prefix(v_run[cardinality(v_run)], p_delimiter, p_behind);
      EXIT WHEN v_at IS NULL;
    END IF;
  END LOOP;
END
$$;
