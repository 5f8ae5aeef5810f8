-- $1 holder, $2 epoch, $3 limit, $4 lease in milliseconds, $5 backends that it writes, $6 backends that it reads, $7 kinds,
-- $8 blobs, $9 jobs to make ready first
SELECT o_job AS job_id, o_blob AS blob_id, o_token AS token
FROM sealgate.lease_repairs_of($1::text, $2::bigint, $3::integer, $4::bigint, $5::smallint[], $6::smallint[], $7::text[], $8::uuid[],
  $9::integer)
