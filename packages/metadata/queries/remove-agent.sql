-- $1-$3 actor, $4 id
SELECT sealgate.remove_agent($4::text, $1::integer, $2::text, $3::inet) AS outcome
