-- $1 holder, $2 epoch, $3 limit, $4 lease in milliseconds, $5 backends that it writes, $6 backends that it reads, $7 kinds,
-- $8 where the call before came to, $9 jobs at the head to look at, $10 and behind that
SELECT o_job AS job_id, o_blob AS blob_id, o_token AS token, o_seen AS seen
FROM sealgate.lease_repairs($1::text, $2::bigint, $3::integer, $4::bigint, $5::smallint[], $6::smallint[], $7::text[], $8::text, $9::integer,
  $10::integer)
