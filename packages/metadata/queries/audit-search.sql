-- Newest first, within a window of leaves. $1 below this leaf, $2 from this one, $3 limit; NULL for what does not matter:
-- $4 tenant, $5 buckets, $6 key, $7 actor, $8 actions, $9 request, $10 not before, $11 not after
SELECT l.leaf, l.hash, e.*
FROM sealgate.audit_leaves l JOIN sealgate.audit_entries e ON e.seq = l.seq
WHERE l.leaf < $1::bigint AND l.leaf >= $2::bigint
  AND ($4::text IS NULL OR e.detail ->> 'tenant' = $4::text
    OR EXISTS (SELECT FROM sealgate.buckets b WHERE b.id = e.bucket_id AND b.tenant_id = $4::uuid))
  AND ($5::integer[] IS NULL OR e.bucket_id = ANY ($5::integer[]))
  AND ($6::text IS NULL OR e.key = $6::text)
  AND ($7::text IS NULL OR e.actor = $7::text)
  AND ($8::smallint[] IS NULL OR e.action = ANY ($8::smallint[]))
  AND ($9::text IS NULL OR e.request_id = $9::text)
  AND ($10::timestamptz IS NULL OR e.time >= $10::timestamptz)
  AND ($11::timestamptz IS NULL OR e.time <= $11::timestamptz)
ORDER BY l.leaf DESC LIMIT $3::integer
