-- $1 blob, $2 backend number, $3 shard, $4 physical bucket, $5 actor, $6 request
SELECT sealgate.finish_stray($1::uuid, $2::smallint, $3::smallint, $4::text, $5::integer, $6::text)
