-- What a tenant has stored, to the commit: the folded counts, what the log says since, and parts of uploads under way.
-- $1 tenant
WITH mine AS (
  SELECT id FROM sealgate.buckets WHERE tenant_id = $1::uuid AND state = 'active'
), folded AS (
  SELECT coalesce(sum(u.bytes), 0) AS bytes, coalesce(sum(u.versions), 0) AS versions
  FROM sealgate.bucket_usage u WHERE u.bucket_id IN (SELECT id FROM mine)
), since AS (
  SELECT coalesce(sum(a.bytes_delta), 0) AS bytes, coalesce(sum(a.versions_delta), 0) AS versions
  FROM sealgate.audit_log a
  WHERE a.seq > coalesce((SELECT (c.position ->> 'seq')::bigint FROM sealgate.cursors c WHERE c.name = 'usage'), 0)
    AND a.bucket_id IN (SELECT id FROM mine)
), parts AS (
  SELECT coalesce(sum(p.bytes), 0) AS bytes
  FROM sealgate.uploads u JOIN sealgate.parts p ON p.upload = u.num
  WHERE u.state = 'o' AND u.bucket_id IN (SELECT id FROM mine)
)
SELECT (folded.bytes + since.bytes + parts.bytes)::text AS bytes, (folded.versions + since.versions)::text AS versions
FROM folded, since, parts
