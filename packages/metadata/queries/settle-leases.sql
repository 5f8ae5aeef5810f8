-- $1 holder, $2 epoch, $3 jobs, $4 tokens, $5 blobs, $6 replicas, $7 ends, $8 reasons, $9 backends without room, $10 actor,
-- $11 request, $12 grace (ms)
SELECT outcome FROM sealgate.settle_leases($1::text, $2::bigint, $3::uuid[], $4::bigint[], $5::uuid[], $6::bytea[], $7::text[], $8::text[],
  $9::text[], $10::integer, $11::text, $12::bigint) WITH ORDINALITY AS s (outcome, place) ORDER BY s.place
