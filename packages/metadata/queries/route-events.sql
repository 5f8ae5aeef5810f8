-- $1 numbers of the changes, $2 messages
SELECT sealgate.route_events($1::bigint[], $2::jsonb) AS made
