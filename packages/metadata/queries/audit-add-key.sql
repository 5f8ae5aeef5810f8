-- $1-$3 actor, $4 version, $5 name, $6 verifier, $7 sealed seed, $8 how long older keys still sign (ms).
-- No row: another process made this version.
WITH made AS (
  INSERT INTO sealgate.audit_keys (version, name, verifier, sealed) VALUES ($4::smallint, $5::text, $6::text, $7::bytea)
  ON CONFLICT DO NOTHING
  RETURNING version, verifier
), retired AS (
  UPDATE sealgate.audit_keys k SET retires_at = least(k.retires_at, now() + $8::bigint * interval '1 millisecond')
  FROM made m WHERE k.version < m.version
), logged AS (
  -- Action 120: audit key made.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 120, $2::text, $3::inet,
    jsonb_build_object('version', m.version, 'verifier', m.verifier, 'overlapMs', $8::bigint) FROM made m
)
SELECT version FROM made
