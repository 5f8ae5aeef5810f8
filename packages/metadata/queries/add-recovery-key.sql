-- $1 tenant, $2 key id, $3 public JWK, $4 label, $5 most keys, $6-$8 actor
SELECT r.o_outcome AS outcome, r.o_created_at AS created_at
FROM sealgate.add_recovery_key($1::uuid, $2::text, $3::text, $4::text, $5::integer, $6::integer, $7::text, $8::inet) r
