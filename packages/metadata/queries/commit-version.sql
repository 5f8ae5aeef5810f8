-- $1 bucket, $2 key, $3 blob, $4 bytes and $5 bytes of the blob, $6 etag, $7 class, $8 verdict, $9 checksum, $10 headers, $11 tags,
-- $12 attributes (NULL: none, the usual case), $13-$17 envelope, $18 stripe bytes, $19 k, $20 m, $21 block shift, $22 replicas,
-- $23 digests, $24 letters of states that are not stored, $25 if-match, $26 if-none-match, $27 actor, $28 request,
-- $29 remote address, $30-$32 grace, pending and attempt age (ms),
-- $33 cause (NULL: a PUT), $34 wait for the key
SELECT r.o_outcome AS outcome, r.o_seq AS seq, r.o_is_null AS is_null, r.o_versioned AS versioned, r.o_modified_at AS modified_at
FROM sealgate.commit_version($1::integer, $2::text, $3::uuid, $4::bigint, $5::bigint, $6::bytea, $7::integer, $8::integer, $9::bytea,
  $10::jsonb, $11::jsonb, $12::jsonb, $13::integer, $14::text, $15::text, $16::text, $17::text, $18::integer, $19::smallint,
  $20::smallint, $21::smallint, $22::bytea, $23::bytea, $24::text, $25::bytea, $26::bytea, $27::integer, $28::text, $29::inet,
  $30::bigint, $31::bigint, $32::bigint, $33::text, $34::boolean) r
