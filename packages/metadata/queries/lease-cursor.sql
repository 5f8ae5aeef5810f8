-- $1 name, $2 holder, $3 lease (ms)
SELECT c AS position FROM sealgate.lease_cursor($1::text, $2::text, $3::bigint) c
