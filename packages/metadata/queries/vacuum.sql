-- $1 kind, $2 kept for (ms), $3 limit, $4 actor, $5 request
SELECT sealgate.vacuum($1::text, $2::bigint, $3::integer, $4::integer, $5::text) AS removed
