-- An entry of its own, about nothing that a table holds. $1-$3 actor, $4 action, $5 detail
INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
VALUES (nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, $4::smallint, $2::text, $3::inet, $5::jsonb)
