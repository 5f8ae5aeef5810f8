-- Versions of a tenant that object lock keeps from everybody: legal holds, and retention in COMPLIANCE mode. $1 tenant, $2 limit
WITH locked AS (
  SELECT o.bucket_id, o.key, o.seq, o.blob_id, o.is_null, o.retain_until, o.retention_mode, o.legal_hold FROM sealgate.objects o
  WHERE (o.legal_hold OR o.retain_until IS NOT NULL) AND o.bucket_id IN (SELECT b.id FROM sealgate.buckets b WHERE b.tenant_id = $1::uuid)
  UNION ALL
  SELECT h.bucket_id, h.key, h.seq, h.blob_id, h.is_null, h.retain_until, h.retention_mode, h.legal_hold FROM sealgate.history h
  WHERE (h.legal_hold OR h.retain_until IS NOT NULL) AND h.bucket_id IN (SELECT b.id FROM sealgate.buckets b WHERE b.tenant_id = $1::uuid)
)
SELECT b.name AS bucket, l.key, l.seq, l.blob_id, l.is_null, coalesce(l.legal_hold, false) AS legal_hold,
  CASE WHEN l.retention_mode = 'C' AND l.retain_until > now() THEN l.retain_until END AS retain_until, count(*) OVER () AS total,
  max(CASE WHEN l.retention_mode = 'C' AND l.retain_until > now() THEN l.retain_until END) OVER () AS last_until
FROM locked l JOIN sealgate.buckets b ON b.id = l.bucket_id
WHERE coalesce(l.legal_hold, false) OR (l.retention_mode = 'C' AND l.retain_until > now())
ORDER BY l.bucket_id, l.key, l.seq LIMIT $2::integer
