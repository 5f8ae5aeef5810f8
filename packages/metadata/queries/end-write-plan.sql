-- $1 bucket, $2 blob, $3-$5 actor
SELECT sealgate.end_write_plan($1::integer, $2::uuid, $3::integer, $4::text, $5::inet) AS ended
