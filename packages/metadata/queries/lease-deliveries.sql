-- $1 limit, $2 share of one webhook, $3 webhooks left out, $4 lease in milliseconds
SELECT d.o_id AS id, d.o_attempts AS attempts, d.o_webhook AS webhook, d.o_message AS message, d.o_created_at AS created_at
FROM sealgate.lease_deliveries($1::integer, $2::integer, $3::integer[], $4::bigint) d ORDER BY d.o_id
