-- $1 limit, $2 wait for pending copies (ms)
SELECT sealgate.promote_owed($1::integer, $2::bigint) AS promoted
