-- $1 entries at most
SELECT sealgate.fold_usage_log($1::integer) AS folded
