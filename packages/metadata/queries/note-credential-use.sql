-- $1 access key ids that were used within this hour
UPDATE sealgate.credentials c SET last_used_at = date_trunc('hour', now())
WHERE c.access_key_id = ANY ($1::text[]) AND (c.last_used_at IS NULL OR c.last_used_at < date_trunc('hour', now()))
