-- $1 blobs, $2 places, $3 actor, $4 request, $5 how long their places stay barred (ms)
SELECT sealgate.finish_removal(f.blob, f.place, $3::integer, $4::text, $5::bigint) FROM unnest($1::uuid[], $2::bytea[]) AS f (blob, place)
