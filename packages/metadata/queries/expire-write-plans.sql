-- $1 limit, $2 grace (ms), $3 actor, $4 request
SELECT sealgate.expire_write_plans($1::integer, $2::bigint, $3::integer, $4::text) AS expired
