-- $1 tenant, $2 number, $3 document, $4 digest, $5 digest of the one before, $6 root, $7 keys in it, $8-$10 actor
SELECT r.o_outcome AS outcome, (extract(epoch FROM r.o_created_at) * 1000)::float8 AS created_at
FROM sealgate.publish_keyring($1::uuid, $2::integer, $3::text, $4::text, $5::text, $6::text, $7::integer, $8::integer, $9::text, $10::inet) r
