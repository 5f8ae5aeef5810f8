-- $1-$3 actor, $4 name, $5 issuer, $6 audiences, $7 grants
WITH changed AS (
  INSERT INTO sealgate.oidc_providers (name, issuer, audiences, grants) VALUES ($4::text, $5::text, $6::text[], $7::jsonb)
  ON CONFLICT (name) DO UPDATE SET issuer = excluded.issuer, audiences = excluded.audiences, grants = excluded.grants
  RETURNING name, issuer, audiences, grants, created_at
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 46, $2::text, $3::inet,
    jsonb_build_object('provider', c.name, 'issuer', c.issuer, 'audiences', c.audiences, 'grants', c.grants) FROM changed c
)
SELECT * FROM changed
