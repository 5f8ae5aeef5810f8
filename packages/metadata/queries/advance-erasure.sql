-- $1 tenant, $2 state to come to, $3 backends done without, $4 report, $5 detail of the entry, $6 actor, $7 request
SELECT sealgate.advance_erasure($1::uuid, $2::text, $3::smallint[], $4::text, $5::jsonb, $6::integer, $7::text) AS done
