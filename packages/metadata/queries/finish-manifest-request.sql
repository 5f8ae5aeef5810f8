-- A request that came while the manifest was written stays; when envelopes were changed meanwhile, for a while.
-- $1 bucket, $2 number, $3 milliseconds
WITH done AS (
  DELETE FROM sealgate.recovery_requests r WHERE r.bucket_id = $1::integer AND r.number = $2::bigint
)
UPDATE sealgate.recovery_requests r SET due_at = now() + $3::bigint * interval '1 millisecond'
WHERE r.bucket_id = $1::integer AND r.number <> $2::bigint AND r.delayed
