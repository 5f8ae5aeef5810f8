-- Many at once, by blob. $1 blobs, $2 replicas, $3 actor, $4 request, $5 grace (ms)
SELECT sealgate.mark_replica(m.blob, m.entry, true, $3::integer, $4::text, $5::bigint) AS wanted
FROM unnest($1::uuid[], $2::bytea[]) WITH ORDINALITY AS m (blob, entry, place) ORDER BY m.place
