-- $1 bucket or NULL, $2 tenant or NULL, $3-$5 actor
SELECT sealgate.request_manifests($1::integer, $2::uuid, $3::integer, $4::text, $5::inet) AS requested
