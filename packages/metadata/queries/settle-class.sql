-- $1 bucket, $2 key, $3 sequence, $4 class, $5 actor, $6 request, $7 remote address
SELECT sealgate.settle_class($1::integer, $2::text, $3::bigint, $4::integer, $5::integer, $6::text, $7::inet) AS settled
