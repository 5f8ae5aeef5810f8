-- $1 id, $2 attempts, $3 delay, $4 time to keep, $5 error
SELECT sealgate.finish_delivery($1::bigint, $2::integer, $3::bigint, $4::bigint, $5::text) AS done
