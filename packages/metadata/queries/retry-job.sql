-- $1-$3 actor, $4 job, $5 blobs, $6 copies that a blob may have
SELECT sealgate.retry_job($4::uuid, $5::uuid[], $6::integer, $1::integer, $2::text, $3::inet) AS outcome
