-- $1-$3 actor, $4 backend, $5 bytes a second, $6 calls at once
WITH changed AS (
  UPDATE sealgate.backends SET background_bytes_per_second = $5::bigint, background_concurrency = $6::smallint WHERE id = $4::text
  RETURNING id, background_bytes_per_second, background_concurrency
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 105, $2::text, $3::inet, jsonb_build_object('backend', c.id,
    'bytesPerSecond', c.background_bytes_per_second, 'concurrency', c.background_concurrency) FROM changed c
)
SELECT id FROM changed
