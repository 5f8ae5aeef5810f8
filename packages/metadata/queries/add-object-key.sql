-- $1 version, $2 the sealed key. Nothing happens when another process was first.
INSERT INTO sealgate.object_keys (version, sealed) VALUES ($1::smallint, $2::bytea)
ON CONFLICT DO NOTHING
