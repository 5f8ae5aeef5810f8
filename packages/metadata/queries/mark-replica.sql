-- $1 blob, $2 replica, $3 only when it is known already, $4 actor, $5 request, $6 grace (ms)
SELECT sealgate.mark_replica($1::uuid, $2::bytea, $3::boolean, $4::integer, $5::text, $6::bigint) AS wanted
