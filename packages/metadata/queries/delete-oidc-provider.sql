-- $1-$3 actor, $4 name
WITH changed AS (
  DELETE FROM sealgate.oidc_providers WHERE name = $4::text RETURNING name, issuer
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 47, $2::text, $3::inet,
    jsonb_build_object('provider', c.name, 'issuer', c.issuer) FROM changed c
)
SELECT name FROM changed
