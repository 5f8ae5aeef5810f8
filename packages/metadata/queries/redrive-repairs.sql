-- $1-$3 actor, $4 the one job or none, $5 limit
SELECT sealgate.redrive_repairs($4::uuid, $5::integer, $1::integer, $2::text, $3::inet) AS redriven
