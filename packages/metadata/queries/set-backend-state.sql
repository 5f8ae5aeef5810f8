-- $1-$3 actor, $4 backend, $5 states it must be in, $6 state, $7 reason
WITH changed AS (
  UPDATE sealgate.backends SET state = $6::text, state_reason = $7::text, state_changed_at = now()
  WHERE id = $4::text AND state = ANY ($5::text[])
  RETURNING id, state, state_reason
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 52, $2::text, $3::inet, jsonb_build_object('backend', c.id, 'state', c.state, 'reason', c.state_reason) FROM changed c
)
SELECT EXISTS (SELECT FROM changed) AS changed, EXISTS (SELECT FROM sealgate.backends b WHERE b.id = $4::text) AS known
