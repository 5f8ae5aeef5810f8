-- Forgets a passphrase version under which nothing is sealed. $1-$3 actor, $4 version, $5 newest version
WITH changed AS (
  DELETE FROM sealgate.secret_versions WHERE version = $4::smallint AND version < $5::smallint RETURNING version
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 131, $2::text, $3::inet, jsonb_build_object('version', c.version) FROM changed c
)
SELECT version FROM changed
