-- Many at once, by blob. $1 blobs, $2 expected, $3 next, $4 actor, $5 request, $6 grace (ms)
SELECT sealgate.change_replicas(c.blob, c.expected, c.next, $4::integer, $5::text, $6::bigint) AS outcome
FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS c (blob, expected, next, place) ORDER BY c.place
