-- $1 id
SELECT id, state, public_key, encryption_key, kinds, backends, epoch, reported, enrolment_expires_at, last_seen_at, created_at FROM sealgate.agents WHERE id = $1::text
