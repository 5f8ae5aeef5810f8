-- $1-$3 actor, $4 name, $5 document
WITH changed AS (
  INSERT INTO sealgate.policies (name, version, document)
  VALUES ($4::text, coalesce((SELECT max(p.version) FROM sealgate.policies p WHERE p.name = $4::text), 0) + 1, $5::text)
  RETURNING name, version, document, created_at
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 60, $2::text, $3::inet, jsonb_build_object('policy', c.name, 'version', c.version) FROM changed c
)
SELECT * FROM changed
