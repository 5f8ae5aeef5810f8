-- $1 most rows, $2 milliseconds after its end that a session is still known, so that its user is told what happened
DELETE FROM sealgate.credentials c WHERE c.access_key_id IN (
  SELECT s.access_key_id FROM sealgate.credentials s
  WHERE s.kind = 'session' AND s.expires_at < now() - $2::bigint * interval '1 millisecond'
  ORDER BY s.expires_at LIMIT $1::integer FOR UPDATE SKIP LOCKED
) RETURNING c.access_key_id
