-- $1 bucket, $2 lower bound (inclusive), $3 upper bound (exclusive), $4 limit, $5 characters of the prefix, $6 delimiter,
-- $7 key of the marker and $8 its sequence, $9 the delimiter's successor (NULL when it has none)
SELECT r.* FROM sealgate.list_versions_by_delimiter($1::integer, $2::text, $3::text, $4::integer, $5::integer, $6::text, $9::text,
  $7::text, $8::bigint) r
