-- $1 tenant, $2 name, $3 the webhook's ARN in JSON, $4-$6 actor
SELECT r.o_outcome AS outcome, r.o_bucket AS bucket
FROM sealgate.delete_webhook($1::uuid, $2::text, $3::text, $4::integer, $5::text, $6::inet) r
