-- $1 epoch that is to end, $2 incarnation, $3 keyspace
SELECT sealgate.change_cache_space($1::bigint, $2::text, $3::text) AS changed
