-- The bucket's lock makes this wait for a deletion of the bucket; no row comes back when it is gone.
-- $1 bucket, $2 key, $3 upload id, $4 class, $5 headers, $6 tags, $7 attributes, $8 checksum algorithm, $9 checksum type,
-- $10-$14 envelope, $15 initiator, $16 actor, $17 request, $18 remote address
SELECT sealgate.create_upload($1::integer, $2::text, $3::text, $4::integer, $5::jsonb, $6::jsonb, $7::jsonb, $8::text, $9::text,
  $10::integer, $11::text, $12::text, $13::text, $14::text, $15::text, $16::integer, $17::text, $18::inet) AS outcome
