-- $1-$3 actor, $4 digest, $5 tenant or NULL, $6 first, $7 last, $8 lines, $9 detail of the entry
WITH made AS (
  INSERT INTO sealgate.audit_requests (digest, tenant_id, first_at, last_at, lines)
  VALUES ($4::bytea, $5::uuid, $6::timestamptz, $7::timestamptz, $8::bytea) ON CONFLICT DO NOTHING
)
-- Action 124: requests recorded.
INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
VALUES (nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 124, $2::text, $3::inet, $9::jsonb)
