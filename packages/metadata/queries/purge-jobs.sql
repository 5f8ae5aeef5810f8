-- $1 time that they are kept, $2 limit
SELECT sealgate.purge_jobs($1::bigint, $2::integer) AS purged
