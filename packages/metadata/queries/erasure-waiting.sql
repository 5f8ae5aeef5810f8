-- Copies of a tenant that are to be removed and whose removal is not confirmed, for each backend. $1 tenant
WITH mine AS (
  SELECT b.id FROM sealgate.buckets b WHERE b.tenant_id = $1::uuid
), places AS (
  SELECT get_byte(b.replicas, i * 4) * 256 + get_byte(b.replicas, i * 4 + 1) AS backend, (b.class <> 0)::integer AS copies,
    ceil(b.bytes::numeric / greatest(coalesce(b.k, 1), 1)) AS bytes
  FROM sealgate.deletions d JOIN sealgate.blobs b ON b.blob_id = d.blob_id, generate_series(0, octet_length(b.replicas) / 4 - 1) AS i
  WHERE d.bucket_id IN (SELECT id FROM mine)
  UNION ALL
  SELECT get_byte(r.place, 0) * 256 + get_byte(r.place, 1), 0, 0 FROM sealgate.removals r
  WHERE r.state <> 'g' AND r.bucket_id IN (SELECT id FROM mine)
  UNION ALL
  SELECT s.backend, 0, 0 FROM sealgate.strays s WHERE s.removed_at IS NULL AND EXISTS (
    SELECT FROM sealgate.physical_buckets p WHERE p.backend = s.backend AND p.name = s.bucket AND p.bucket_id IN (SELECT id FROM mine))
)
SELECT p.backend::smallint AS backend, sum(p.copies)::bigint AS copies, count(*) FILTER (WHERE p.copies = 0)::bigint AS attempts,
  sum(p.bytes)::bigint AS bytes
FROM places p GROUP BY p.backend ORDER BY p.backend
