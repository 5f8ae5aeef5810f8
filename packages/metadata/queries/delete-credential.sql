-- $1-$3 actor, $4 access key id
WITH changed AS (
  DELETE FROM sealgate.credentials WHERE access_key_id = $4::text RETURNING access_key_id, tenant_id
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 42, $2::text, $3::inet, jsonb_build_object('accessKeyId', c.access_key_id, 'tenant', c.tenant_id) FROM changed c
)
SELECT * FROM changed
