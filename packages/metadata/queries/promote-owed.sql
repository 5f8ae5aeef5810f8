-- $1 limit
SELECT sealgate.promote_owed($1::integer) AS promoted
