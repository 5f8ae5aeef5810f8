-- $1 snapshot
SELECT b.facts FROM sealgate.snapshot_buckets b WHERE b.snapshot_id = $1::uuid ORDER BY b.name
