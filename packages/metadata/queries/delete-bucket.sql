-- $1 bucket, $2-$4 actor
SELECT sealgate.delete_bucket($1::integer, $2::integer, $3::text, $4::inet) AS outcome
