-- $1 id, $2-$4 actor
SELECT sealgate.delete_snapshot($1::uuid, $2::integer, $3::text, $4::inet) AS outcome
