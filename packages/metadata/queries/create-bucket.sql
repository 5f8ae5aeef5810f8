-- $1-$3 actor, $4 tenant, $5 name, $6 region, $7 location constraint, $8 encryption, $9 object lock, $10 policy, $11 region lock,
-- $12 default class, $13 configs as an object, $14 buckets that the tenant may have
SELECT r.o_outcome AS outcome, r.o_bucket AS bucket_id
FROM sealgate.create_bucket($1::integer, $2::text, $3::inet, $4::uuid, $5::text, $6::text, $7::text, $8::text, $9::boolean, $10::text,
  $11::text[], $12::text, $13::jsonb, $14::integer) r
