-- $1 holder, $2 position, $3 lease (ms), $4 changes, $5-$7 actor
WITH saved AS (
  UPDATE sealgate.cursors c SET position = $2::jsonb, updated_at = now(), leased_until = now() + $3::bigint * interval '1 millisecond'
  WHERE c.name = 'metadata-backup' AND c.holder = $1::text
  RETURNING c.name
), logged AS (
  -- Actions 146: backup made, 147: backup removed.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $5::integer, CASE e ->> 'kind' WHEN 'made' THEN 146 ELSE 147 END,
    $6::text, $7::inet, e - 'kind'
  FROM saved, jsonb_array_elements($4::jsonb) e
)
SELECT name FROM saved
