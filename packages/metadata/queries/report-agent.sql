-- $1 id, $2 epoch, $3 what it found
UPDATE sealgate.agents SET reported = $3::jsonb, last_seen_at = now() WHERE id = $1::text AND state = 'active' AND epoch = $2::bigint
