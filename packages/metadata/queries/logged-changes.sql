-- What changed of buckets' versions, or that a bucket went (22). Parts, open uploads (4 to 6) and copies that came or went
-- (10, 11) are no changes of versions.
-- $1 behind this number, $2 up to this one, $3 limit
SELECT a.seq, a.bucket_id, a.key, coalesce(a.version_seq, a.seq) AS version_seq
FROM sealgate.audit_log a
WHERE a.seq > $1::bigint AND a.seq <= $2::bigint AND a.bucket_id IS NOT NULL
  AND (a.key IS NOT NULL AND a.action NOT IN (4, 5, 6, 10, 11) OR a.action = 22)
ORDER BY a.seq
LIMIT $3::integer
