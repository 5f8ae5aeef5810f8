-- $1 backend number, $2 behind this name, $3 age of an attempt (ms)
SELECT r.o_name AS name, r.o_abandoned AS abandoned
FROM sealgate.next_physical_bucket($1::smallint, $2::text, $3::bigint) r WHERE r.o_name IS NOT NULL
