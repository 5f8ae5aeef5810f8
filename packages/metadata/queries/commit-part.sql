-- $1 bucket, $2 key, $3 upload id, $4 part number, $5 blob, $6 bytes, $7 stripe bytes, $8 k, $9 m, $10 block shift, $11 replicas,
-- $12 digests, $13 letters of states that are not stored, $14 etag, $15 checksum, $16 inspection, $17 actor, $18 request,
-- $19 remote address, $20-$22 grace, pending and attempt age (ms)
SELECT r.o_outcome AS outcome, r.o_modified_at AS modified_at
FROM sealgate.commit_part($1::integer, $2::text, $3::text, $4::smallint, $5::uuid, $6::bigint, $7::integer, $8::smallint,
  $9::smallint, $10::smallint, $11::bytea, $12::bytea, $13::text, $14::bytea, $15::bytea, $16::text, $17::integer, $18::text,
  $19::inet, $20::bigint, $21::bigint, $22::bigint) r
