-- $1 tenant, $2 name, $3 URL, $4 and $5 sealed secret and headers, $6 most webhooks, $7-$9 actor
SELECT r.o_outcome AS outcome, r.o_id AS id, r.o_created_at AS created_at
FROM sealgate.create_webhook($1::uuid, $2::text, $3::text, $4::bytea, $5::bytea, $6::integer, $7::integer, $8::text, $9::inet) r
