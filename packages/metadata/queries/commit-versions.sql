-- The parameters of commit-version in their order, each an array but for $30-$32 (ms)
SELECT r.o_outcome AS outcome, r.o_seq AS seq, r.o_is_null AS is_null, r.o_versioned AS versioned, r.o_modified_at AS modified_at
FROM sealgate.commit_versions($1::integer[], $2::text[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bytea[], $7::integer[], $8::integer[],
  $9::bytea[], $10::jsonb[], $11::jsonb[], $12::jsonb[], $13::integer[], $14::text[], $15::text[], $16::text[], $17::text[],
  $18::integer[], $19::smallint[], $20::smallint[], $21::smallint[], $22::bytea[], $23::bytea[], $24::text[], $25::bytea[], $26::bytea[],
  $27::integer[], $28::text[], $29::inet[], $30::bigint, $31::bigint, $32::bigint, $33::text[]) r
