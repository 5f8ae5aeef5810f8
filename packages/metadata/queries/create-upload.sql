-- The bucket's lock makes this wait for a deletion of the bucket; no row comes back when it is gone.
-- $1 bucket, $2 key, $3 upload id, $4 class, $5 headers, $6 tags, $7 checksum algorithm, $8 checksum type, $9-$13 envelope,
-- $14 initiator, $15 actor, $16 request, $17 remote address
SELECT sealgate.create_upload($1::integer, $2::text, $3::text, $4::integer, $5::jsonb, $6::jsonb, $7::text, $8::text, $9::integer,
  $10::text, $11::text, $12::text, $13::text, $14::text, $15::integer, $16::text, $17::inet) AS outcome
