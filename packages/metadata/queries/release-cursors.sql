-- $1 holder
UPDATE sealgate.cursors c SET leased_until = NULL WHERE c.holder = $1::text AND c.leased_until > now()
RETURNING c.name
