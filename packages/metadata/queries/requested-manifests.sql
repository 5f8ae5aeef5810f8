-- $1 limit
SELECT r.bucket_id, r.number FROM sealgate.recovery_requests r WHERE r.due_at <= now() ORDER BY r.number, r.bucket_id LIMIT $1::integer
