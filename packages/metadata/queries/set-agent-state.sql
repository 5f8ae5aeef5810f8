-- $1-$3 actor, $4 id, $5 state
SELECT sealgate.set_agent_state($4::text, $5::text, $1::integer, $2::text, $3::inet) AS outcome
