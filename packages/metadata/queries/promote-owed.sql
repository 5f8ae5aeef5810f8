-- $1 limit, $2 wait for pending copies (ms), $3 actor, $4 request
SELECT sealgate.promote_owed($1::integer, $2::bigint, $3::integer, $4::text) AS promoted
