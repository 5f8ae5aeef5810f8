-- $1 bucket, $2 key, $3 upload id, $4 actor, $5 request, $6 remote address, $7 grace (ms)
SELECT sealgate.abort_upload($1::integer, $2::text, $3::text, $4::integer, $5::text, $6::inet, $7::bigint) AS outcome
