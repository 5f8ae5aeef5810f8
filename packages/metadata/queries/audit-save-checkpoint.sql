-- $1 size, $2 root, $3 note. The first one of a size stays.
INSERT INTO sealgate.audit_checkpoints (tree_size, root, note) VALUES ($1::bigint, $2::bytea, $3::text)
ON CONFLICT DO NOTHING
