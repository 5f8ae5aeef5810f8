-- $1 bucket, $2 key, $3 upload id, $4 part number, $5 blob, $6 bytes, $7 stripe bytes, $8 k, $9 m, $10 block shift, $11 replicas,
-- $12 digests, $13 etag, $14 checksum, $15 inspection, $16 actor, $17 request,
-- $18 remote address, $19 settings
SELECT r.o_outcome AS outcome, r.o_modified_at AS modified_at
FROM sealgate.commit_part($1::integer, $2::text, $3::text, $4::smallint,
  ROW($5::uuid, $6::bigint, $1::integer, 0, $7::integer, $8::smallint, $9::smallint, $10::smallint, $11::bytea,
    $12::bytea)::sealgate.blobs,
  $13::bytea, $14::bytea, $15::text, $16::integer, $17::text, $18::inet, $19::jsonb) r
