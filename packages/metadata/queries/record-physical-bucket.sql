-- $1-$3 actor, $4 bucket, $5 backend number, $6 name, $7 counter
WITH changed AS (
  INSERT INTO sealgate.physical_buckets (bucket_id, backend, name, counter)
  VALUES ($4::integer, $5::smallint, $6::text, $7::integer) ON CONFLICT DO NOTHING
  RETURNING bucket_id, backend, name
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, c.bucket_id, 23, $2::text, $3::inet, jsonb_build_object('backend', c.backend, 'name', c.name) FROM changed c
)
SELECT bucket_id FROM changed
