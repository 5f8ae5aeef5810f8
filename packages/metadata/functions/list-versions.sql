-- Versions of a range of keys, by key, newest first: at most p_limit. Versions of p_marker_key older than p_marker_seq come
-- first (without a number: older than its null version).
CREATE OR REPLACE FUNCTION sealgate.list_versions(
  p_bucket integer, p_lower text, p_upper text, p_limit integer, p_marker_key text, p_marker_seq bigint
) RETURNS TABLE (
  key text, seq bigint, bytes bigint, etag bytea, modified_at timestamptz, class integer, checksum bytea, owner_id text,
  is_null boolean, blob_id uuid, delete_marker boolean, latest boolean
)
LANGUAGE sql STABLE ROWS 1000 AS $$
  WITH marker AS (
    SELECT coalesce(p_marker_seq,
      (SELECT o.seq FROM sealgate.objects o WHERE o.bucket_id = p_bucket AND o.key = p_marker_key AND o.is_null),
      (SELECT n.seq FROM sealgate.history n WHERE n.bucket_id = p_bucket AND n.key = p_marker_key AND n.is_null)) AS seq
  )
  SELECT v.key, v.seq, v.bytes, v.etag, v.modified_at, v.class, v.checksum, v.owner_id, v.is_null, v.blob_id, v.delete_marker,
    v.from_objects OR (v.delete_marker
    AND NOT EXISTS (SELECT FROM sealgate.objects o WHERE o.bucket_id = p_bucket AND o.key = v.key)
    AND NOT EXISTS (SELECT FROM sealgate.history h WHERE h.bucket_id = p_bucket AND h.key = v.key AND h.seq > v.seq)) AS latest
  FROM (
    (SELECT o.key, o.seq, o.bytes, o.etag, o.modified_at, o.class, o.checksum, o.owner_id, o.is_null, o.blob_id, false AS delete_marker,
        true AS from_objects
      FROM sealgate.objects o
      WHERE o.bucket_id = p_bucket AND o.key >= p_lower AND o.key < p_upper
      ORDER BY o.key LIMIT p_limit)
    UNION ALL
    (SELECT h.key, h.seq, h.bytes, h.etag, h.modified_at, h.class, h.checksum, h.owner_id, h.is_null, h.blob_id, h.delete_marker, false
      FROM sealgate.history h
      WHERE h.bucket_id = p_bucket AND h.key >= p_lower AND h.key < p_upper
      ORDER BY h.key, h.seq DESC LIMIT p_limit)
    UNION ALL
    (SELECT h.key, h.seq, h.bytes, h.etag, h.modified_at, h.class, h.checksum, h.owner_id, h.is_null, h.blob_id, h.delete_marker, false
      FROM sealgate.history h
      WHERE h.bucket_id = p_bucket AND h.key = p_marker_key AND h.seq < (SELECT m.seq FROM marker m)
      ORDER BY h.seq DESC LIMIT p_limit)
    UNION ALL
    -- The current one is older than the marker when the marker's version is gone by now.
    (SELECT o.key, o.seq, o.bytes, o.etag, o.modified_at, o.class, o.checksum, o.owner_id, o.is_null, o.blob_id, false, true
      FROM sealgate.objects o
      WHERE o.bucket_id = p_bucket AND o.key = p_marker_key AND o.seq < (SELECT m.seq FROM marker m))
  ) v
  ORDER BY v.key, v.seq DESC
  LIMIT p_limit;
$$;
