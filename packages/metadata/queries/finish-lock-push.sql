-- Not when the retention has changed meanwhile: then there is more to tell. $1 version, $2 the end that was told
DELETE FROM sealgate.lock_pushes p WHERE p.seq = $1::bigint AND NOT EXISTS (
  SELECT FROM sealgate.objects o WHERE o.bucket_id = p.bucket_id AND o.key = p.key AND o.seq = p.seq AND o.retain_until <> $2::timestamptz
  UNION ALL
  SELECT FROM sealgate.history h WHERE h.bucket_id = p.bucket_id AND h.key = p.key AND h.seq = p.seq AND h.retain_until <> $2::timestamptz)
