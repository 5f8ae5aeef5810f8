-- $1-$3 actor
WITH asked AS (
  INSERT INTO sealgate.cursors AS c (name, position)
  VALUES ('metadata-backup-request', to_jsonb(floor(extract(epoch FROM clock_timestamp()) * 1000)))
  ON CONFLICT (name) DO UPDATE SET position = excluded.position, updated_at = now()
  RETURNING c.position
), logged AS (
  -- Action 145: backup requested.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 145, $2::text, $3::inet FROM asked
)
SELECT (position #>> '{}')::float8 AS at FROM asked
