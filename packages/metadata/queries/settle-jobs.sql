-- $1 limit, $2 actor
SELECT sealgate.settle_jobs(NULL, $1::integer, $2::integer) AS ended
