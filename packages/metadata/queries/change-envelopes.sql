-- $1 bucket, $2 keys, $3 sequences, $4 and $5 key ids and versions as they are, $6-$10 the new envelopes, $11 may bypass
-- GOVERNANCE, $12 milliseconds until manifests are due, $13-$15 actor
SELECT sealgate.change_envelopes($1::integer, $2::text[], $3::bigint[], $4::text[], $5::integer[], $6::integer[], $7::text[], $8::text[],
  $9::text[], $10::text[], $11::boolean, $12::bigint, $13::integer, $14::text, $15::inet) AS outcomes
