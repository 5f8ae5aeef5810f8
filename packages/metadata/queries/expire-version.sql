-- $1 bucket, $2 key, $3 sequence, $4 tags, $5 place, $6 newer versions, $7 id of the delete marker to be, $8 actor, $9 request,
-- $10 remote address, $11 grace (ms)
SELECT sealgate.expire_version($1::integer, $2::text, $3::bigint, $4::jsonb, $5::text, $6::integer, $7::uuid, $8::integer,
  $9::text, $10::inet, $11::bigint) AS outcome
