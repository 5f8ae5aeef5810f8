-- $1 bucket, $2 key, $3 id of the delete marker to be, $4 sequence and $5 tail of the version, $6 true for the null version,
-- $7 if-match, $8 if-none-match, $9 may bypass GOVERNANCE, $10 actor, $11 request, $12 remote address, $13 grace (ms),
-- $14 bytes and $15 time (ms) that the version must have
SELECT r.o_outcome AS outcome, r.o_seq AS seq, r.o_is_null AS is_null, r.o_blob AS blob_id, r.o_versioned AS versioned,
  r.o_marker AS delete_marker, r.o_existed AS existed
FROM sealgate.delete_object($1::integer, $2::text, $3::uuid, $4::bigint, $5::text, $6::boolean, $7::bytea, $8::bytea,
  $14::bigint, to_timestamp($15::bigint / 1000.0), $9::boolean, $10::integer, $11::text, $12::inet, $13::bigint) r
