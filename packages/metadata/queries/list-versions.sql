-- $1 bucket, $2 lower bound (inclusive), $3 upper bound (exclusive), $4 limit, $5 key of the marker and $6 its sequence
SELECT r.* FROM sealgate.list_versions($1::integer, $2::text, $3::text, $4::integer, $5::text, $6::bigint) r
