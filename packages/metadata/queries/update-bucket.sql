-- $1-$3 actor, $4 bucket, $5 the change: only members that are there are set
SELECT sealgate.update_bucket($1::integer, $2::text, $3::inet, $4::integer, $5::jsonb) AS outcome
