-- $1 bucket, $2 key, $3 upload id, $4 part numbers, $5 their ETags, $6 their checksums, $7 digest of the list, $8 etag, $9 bytes,
-- $10 checksum, $11 verdict, $12-$16 envelope, $17 if-match, $18 if-none-match, $19 actor, $20 request, $21 remote address, $22 grace (ms),
-- $23 manifest
SELECT r.o_outcome AS outcome, r.o_seq AS seq, r.o_is_null AS is_null, r.o_versioned AS versioned, r.o_modified_at AS modified_at,
  r.o_blob AS blob_id
FROM sealgate.commit_upload($1::integer, $2::text, $3::text, $4::smallint[], $5::bytea[], $6::bytea[], $7::bytea, $8::bytea,
  $9::bigint, $10::bytea, $11::integer, $12::integer, $13::text, $14::text, $15::text, $16::text, $17::bytea, $18::bytea,
  $19::integer, $20::text, $21::inet, $22::bigint, $23::text) r
