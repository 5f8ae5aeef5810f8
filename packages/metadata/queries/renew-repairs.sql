-- $1 jobs
SELECT sealgate.renew_repair(j.job) FROM unnest($1::uuid[]) AS j (job)
