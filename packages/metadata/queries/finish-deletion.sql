-- $1 blob, $2 places, $3 actor, $4 request
SELECT sealgate.finish_deletion($1::uuid, $2::bytea, $3::integer, $4::text)
