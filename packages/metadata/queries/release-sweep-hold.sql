-- $1-$3 actor
WITH released AS (
  DELETE FROM sealgate.holds h WHERE h.name = 'orphan-sweep' RETURNING h.reason, h.since
), logged AS (
  -- Action 117: hold released.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 117, $2::text, $3::inet,
    jsonb_build_object('hold', 'orphan-sweep', 'reason', r.reason, 'since', r.since) FROM released r
)
SELECT reason FROM released
