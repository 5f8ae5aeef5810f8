-- $1 holder, $2 epoch, $3 job, $4 token, $5 outcome, $6 reason, $7 actor
SELECT sealgate.end_lease($1::text, $2::bigint, $3::uuid, $4::bigint, $5::text, $6::text, $7::integer) AS held
