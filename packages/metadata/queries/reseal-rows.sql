-- Seals secrets again, each only when it still is what was read: whoever changed it meanwhile sealed it newly.
-- $1-$3 actor, $4 purposes, $5 ids, $6 sealed newly, $7 sealed as read
WITH wanted AS (
  SELECT * FROM unnest($4::text[], $5::text[], $6::bytea[], $7::bytea[]) AS w(purpose, id, newly, old)
), a AS (
  UPDATE sealgate.credentials c SET
    secret = coalesce((SELECT w.newly FROM wanted w WHERE w.purpose = 'credential' AND w.id = c.access_key_id AND w.old = c.secret), c.secret),
    session_token = coalesce((SELECT w.newly FROM wanted w WHERE w.purpose = 'session-token' AND w.id = c.access_key_id AND w.old = c.session_token), c.session_token)
  WHERE c.access_key_id IN (SELECT w.id FROM wanted w WHERE w.purpose IN ('credential', 'session-token'))
  RETURNING 1
), b AS (
  UPDATE sealgate.backends b SET secret = w.newly FROM wanted w WHERE w.purpose = 'backend' AND b.id = w.id AND b.secret = w.old
  RETURNING 1
), c AS (
  UPDATE sealgate.webhooks h SET
    secret = coalesce((SELECT w.newly FROM wanted w WHERE w.purpose = 'webhook' AND w.id = h.tenant_id || '/' || h.name AND w.old = h.secret), h.secret),
    headers = coalesce((SELECT w.newly FROM wanted w WHERE w.purpose = 'webhook-headers' AND w.id = h.tenant_id || '/' || h.name AND w.old = h.headers), h.headers)
  WHERE h.tenant_id || '/' || h.name IN (SELECT w.id FROM wanted w WHERE w.purpose IN ('webhook', 'webhook-headers'))
  RETURNING 1
), d AS (
  UPDATE sealgate.object_keys k SET sealed = w.newly FROM wanted w WHERE w.purpose = 'object-key' AND k.version::text = w.id AND k.sealed = w.old
  RETURNING 1
), e AS (
  UPDATE sealgate.audit_keys k SET sealed = w.newly FROM wanted w WHERE w.purpose = 'audit-key' AND k.version::text = w.id AND k.sealed = w.old
  RETURNING 1
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 130, $2::text, $3::inet, jsonb_build_object('secrets', count(*)) FROM wanted
)
SELECT ((SELECT count(*) FROM a) + (SELECT count(*) FROM b) + (SELECT count(*) FROM c) + (SELECT count(*) FROM d) + (SELECT count(*) FROM e))::integer AS resealed
