-- $1 backend number, $2 name, $3 age of an attempt (ms), $4 actor, $5 request
SELECT sealgate.forget_physical_bucket($1::smallint, $2::text, $3::bigint, $4::integer, $5::text) AS done
