-- $1 backend number, $2 physical bucket, $3 blobs, $4 shards, $5 settled, $6 age of an attempt (ms), $7 actor, $8 request
SELECT r.o_held AS held, r.o_unknown AS unknown, r.o_misplaced AS misplaced
FROM sealgate.sweep_page($1::smallint, $2::text, $3::uuid[], $4::smallint[], $5::boolean[], $6::bigint, $7::integer, $8::text) r
