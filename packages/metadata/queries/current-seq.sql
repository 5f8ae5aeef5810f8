-- The commit sequence of the current version, delete markers included.
-- $1 bucket, $2 key
(SELECT o.seq FROM sealgate.objects o WHERE o.bucket_id = $1::integer AND o.key = $2::text)
UNION ALL
(SELECT h.seq FROM sealgate.history h WHERE h.bucket_id = $1::integer AND h.key = $2::text ORDER BY h.seq DESC LIMIT 1)
LIMIT 1
