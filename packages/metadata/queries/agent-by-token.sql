-- $1 hash of the token
SELECT t.epoch AS session_epoch, a.id, a.state, a.public_key, a.encryption_key, a.kinds, a.backends, a.epoch, a.reported, a.enrolment_expires_at, a.last_seen_at, a.created_at
FROM sealgate.agent_tokens t JOIN sealgate.agents a ON a.id = t.agent_id
WHERE t.hash = $1::bytea AND t.expires_at > now() AND a.state = 'active' AND a.epoch = t.epoch
