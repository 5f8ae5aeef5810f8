-- $1-$3 actor, $4 job, $5 agent, $6 sealed credentials, $7 milliseconds that they are good
SELECT sealgate.offer_grant($4::uuid, $5::text, $6::text, $7::bigint, $1::integer, $2::text, $3::inet) AS outcome
