-- $1 from leaf, $2 to leaf, $3 before, $4 limit, $5 actor, $6 request
SELECT r.o_next AS next, r.o_entries AS entries
FROM sealgate.remove_requests($1::bigint, $2::bigint, $3::timestamptz, $4::integer, $5::integer, $6::text) AS r
