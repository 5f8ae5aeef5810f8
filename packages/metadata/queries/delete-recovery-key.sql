-- $1 tenant, $2 key id, $3-$5 actor
SELECT sealgate.delete_recovery_key($1::uuid, $2::text, $3::integer, $4::text, $5::inet) AS outcome
