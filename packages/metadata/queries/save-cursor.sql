-- $1 name, $2 holder, $3 position, $4 lease (ms)
UPDATE sealgate.cursors c SET position = $3::jsonb, updated_at = now(), leased_until = now() + $4::bigint * interval '1 millisecond'
WHERE c.name = $1::text AND c.holder = $2::text
RETURNING c.name
