-- $1 bucket, $2 key, $3 sequence and $4 tail of the version, $5 true for the null version, $6 the change: only members that
-- are there are set, $7 may bypass GOVERNANCE, $8 actor, $9 request, $10 remote address
SELECT r.o_outcome AS outcome, r.o_seq AS seq, r.o_is_null AS is_null, r.o_blob AS blob_id
FROM sealgate.update_version($1::integer, $2::text, $3::bigint, $4::text, $5::boolean, $6::jsonb, $7::boolean, $8::integer,
  $9::text, $10::inet) r
