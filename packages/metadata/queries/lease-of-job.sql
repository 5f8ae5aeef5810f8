-- $1 holder, $2 epoch, $3 job, $4 token
SELECT l.blob_id, b.bucket_id FROM sealgate.job_leases l LEFT JOIN sealgate.blobs b ON b.blob_id = l.blob_id
WHERE l.job_id = $3::uuid AND sealgate.holds_lease($1::text, $2::bigint, $3::uuid, $4::bigint)
