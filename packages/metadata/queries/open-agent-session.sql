-- $1 actor, $2 request, $3 id, $4 jti, $5 time that the assertion is good, $6 hash of the token, $7 its time, $8 epoch that goes on
SELECT o_outcome AS outcome, o_epoch AS epoch
FROM sealgate.open_agent_session($3::text, $4::text, $5::bigint, $6::bytea, $7::bigint, $8::bigint, $1::integer, $2::text)
