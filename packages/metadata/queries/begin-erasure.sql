-- $1-$3 actor, $4 tenant, $5 backends done without, $6 bytes and $7 versions that it has
SELECT sealgate.begin_erasure($4::uuid, $5::smallint[], $6::bigint, $7::bigint, $1::integer, $2::text, $3::inet) AS outcome
