-- $1 bucket, $2 key, $3 blob, $4 bytes, $5 etag, $6 class, $7 verdict, $8 checksum, $9 headers, $10 tags, $11-$15 envelope,
-- $16 stripe bytes, $17 k, $18 m, $19 block shift, $20 replicas, $21 digests, $22 letters of states that are not stored,
-- $23 if-match, $24 if-none-match, $25 actor, $26 request, $27 remote address, $28-$30 grace, pending and attempt age (ms)
SELECT r.o_outcome AS outcome, r.o_seq AS seq, r.o_is_null AS is_null, r.o_versioned AS versioned, r.o_modified_at AS modified_at
FROM sealgate.commit_version($1::integer, $2::text, $3::uuid, $4::bigint, $5::bytea, $6::integer, $7::integer, $8::bytea,
  $9::jsonb, $10::jsonb, $11::integer, $12::text, $13::text, $14::text, $15::text, $16::integer, $17::smallint, $18::smallint,
  $19::smallint, $20::bytea, $21::bytea, $22::text, $23::bytea, $24::bytea, $25::integer, $26::text, $27::inet, $28::bigint,
  $29::bigint, $30::bigint) r
