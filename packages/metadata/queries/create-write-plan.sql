-- $1 bucket, $2 key, $3 blob, $4 bytes, $5 class, $6 tags, $7 MD5, $8 SHA-256, $9 replicas, $10 lifetime and $11 attempt age (ms),
-- $12 open plans at most, $13-$15 actor
SELECT r.o_outcome AS outcome, r.o_expires_at AS expires_at
FROM sealgate.create_write_plan($1::integer, $2::text, $3::uuid, $4::bigint, $5::integer, $6::jsonb, $7::bytea, $8::bytea, $9::bytea,
  $10::bigint, $11::bigint, $12::integer, $13::integer, $14::text, $15::inet) r
