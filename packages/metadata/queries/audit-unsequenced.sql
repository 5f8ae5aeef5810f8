-- Entries without a leaf. $1 behind this number, $2 up to this one, $3 limit
SELECT e.*
FROM sealgate.audit_entries e
WHERE e.seq > $1::bigint AND e.seq <= $2::bigint ORDER BY e.seq LIMIT $3::integer
