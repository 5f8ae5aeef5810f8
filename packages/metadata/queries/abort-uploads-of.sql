-- $1 bucket, $2 limit, $3 actor, $4 request, $5 remote address, $6 grace (ms)
SELECT sealgate.abort_uploads_of($1::integer, $2::integer, $3::integer, $4::text, $5::inet, $6::bigint) AS found
