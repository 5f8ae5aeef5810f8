-- $1 bucket, $2 key, $3 blob, $4 bytes, $5 etag, $6 class, $7 verdict, $8 checksum, $9 headers, $10 tags, $11-$15 envelope,
-- $16 stripe bytes, $17 k, $18 m, $19 block shift, $20 replicas, $21 digests, $22 if-match, $23 if-none-match,
-- $24 actor, $25 request, $26 remote address, $27 settings
SELECT r.o_outcome AS outcome, r.o_seq AS seq, r.o_is_null AS is_null, r.o_versioned AS versioned, r.o_modified_at AS modified_at
FROM sealgate.commit_version(
  ROW(NULL, $4::bigint, NULL, $1::integer, $6::integer, $7::integer, 0::smallint, NULL, $3::uuid, $2::text, $5::bytea, $8::bytea,
    NULL, $9::jsonb, $10::jsonb, $11::integer, $12::text, $13::text, $14::text, $15::text, NULL, NULL, NULL, NULL, NULL,
    NULL)::sealgate.objects,
  ROW($3::uuid, $4::bigint, $1::integer, $6::integer, $16::integer, $17::smallint, $18::smallint, $19::smallint, $20::bytea,
    $21::bytea)::sealgate.blobs,
  $22::bytea, $23::bytea, $24::integer, $25::text, $26::inet, $27::jsonb) r
