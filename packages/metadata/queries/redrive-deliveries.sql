-- $1 tenant, $2 webhook, $3 limit, $4-$6 actor
SELECT sealgate.redrive_deliveries($1::uuid, $2::text, $3::integer, $4::integer, $5::text, $6::inet) AS redriven
