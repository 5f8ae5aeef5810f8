-- $1-$3 actor, $4 backend, $5 capabilities, $6 time of the probe
WITH changed AS (
  UPDATE sealgate.backends SET capabilities = $5::jsonb, probed_at = $6::timestamptz WHERE id = $4::text
  RETURNING num, id, capabilities, probed_at
), kept AS (
  INSERT INTO sealgate.backend_probes (backend, probed_at, capabilities)
  SELECT c.num, c.probed_at, c.capabilities FROM changed c ON CONFLICT DO NOTHING
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 51, $2::text, $3::inet, jsonb_build_object('backend', c.id, 'capabilities', c.capabilities) FROM changed c
)
SELECT id FROM changed
