-- $1-$3 actor, $4 id, $5 what is wanted, $6 blobs, $7 targets, $8 source, $9 copies that a blob may have
SELECT o_outcome AS outcome, o_id AS id, o_created AS created
FROM sealgate.create_job($4::uuid, $5::jsonb, $6::uuid[], $7::smallint[], $8::smallint, $9::integer, $1::integer, $2::text, $3::inet)
