-- $1-$3 actor, $4 job
SELECT sealgate.cancel_job($4::uuid, $1::integer, $2::text, $3::inet) AS outcome
