-- $1 holder, $2 epoch, $3 job, $4 token, $5 blob, $6 replica, $7 actor, $8 request, $9 grace (ms)
SELECT sealgate.mark_leased($1::text, $2::bigint, $3::uuid, $4::bigint, $5::uuid, $6::bytea, $7::integer, $8::text, $9::bigint) AS outcome
