-- $1 bucket, $2 key, $3 upload id, $4 part number, $5 blob, $6 bytes and $7 bytes of the blob, $8 stripe bytes, $9 k, $10 m,
-- $11 block shift, $12 replicas, $13 digests, $14 letters of states that are not stored, $15 etag, $16 checksum, $17 inspection,
-- $18 actor, $19 request, $20 remote address, $21-$23 grace, pending and attempt age (ms)
SELECT r.o_outcome AS outcome, r.o_modified_at AS modified_at
FROM sealgate.commit_part($1::integer, $2::text, $3::text, $4::smallint, $5::uuid, $6::bigint, $7::bigint, $8::integer, $9::smallint,
  $10::smallint, $11::smallint, $12::bytea, $13::bytea, $14::text, $15::bytea, $16::bytea, $17::text, $18::integer, $19::text,
  $20::inet, $21::bigint, $22::bigint, $23::bigint) r
