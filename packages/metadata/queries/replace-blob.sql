-- $1 bucket, $2 key, $3 sequence, $4 part (0: whole), $5 old blob, $6 blob, $7 its bytes, $8 class, $9 stripe bytes, $10 k, $11 m,
-- $12 block shift, $13 replicas, $14 digests, $15 letters of states that are not stored, $16 actor, $17 request,
-- $18 remote address, $19-$21 grace, pending and attempt age (ms)
SELECT sealgate.replace_blob($1::integer, $2::text, $3::bigint, $4::smallint, $5::uuid, $6::uuid, $7::bigint, $8::integer,
  $9::integer, $10::smallint, $11::smallint, $12::smallint, $13::bytea, $14::bytea, $15::text, $16::integer, $17::text,
  $18::inet, $19::bigint, $20::bigint, $21::bigint) AS outcome
