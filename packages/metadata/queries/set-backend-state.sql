-- $1-$3 actor, $4 backend, $5 state, $6 reason
WITH changed AS (
  UPDATE sealgate.backends SET state = $5::text, state_reason = $6::text, state_changed_at = now() WHERE id = $4::text
  RETURNING id, state, state_reason
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 52, $2::text, $3::inet, jsonb_build_object('backend', c.id, 'state', c.state, 'reason', c.state_reason) FROM changed c
)
SELECT id FROM changed
