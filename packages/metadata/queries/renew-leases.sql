-- $1 holder, $2 epoch, $3 jobs, $4 their tokens, $5 lease in milliseconds
SELECT j AS job_id FROM sealgate.renew_leases($1::text, $2::bigint, $3::uuid[], $4::bigint[], $5::bigint) j
