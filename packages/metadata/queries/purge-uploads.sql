-- $1 how long they are remembered (ms), $2 limit, $3 actor, $4 request, $5 grace (ms)
SELECT sealgate.purge_uploads($1::bigint, $2::integer, $3::integer, $4::text, $5::bigint) AS taken
