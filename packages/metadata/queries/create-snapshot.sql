-- $1 id, $2 tenant, $3 provider, $4 summary, $5 buckets, $6 files, $7 most of the tenant, $8 detail of the entry, $9-$11 actor
SELECT r.o_outcome AS outcome, r.o_tenant AS tenant, (extract(epoch FROM r.o_created_at) * 1000)::float8 AS created_at
FROM sealgate.create_snapshot($1::uuid, $2::uuid, $3::text, $4::jsonb, $5::jsonb, $6::jsonb, $7::integer, $8::jsonb, $9::integer, $10::text, $11::inet) r
