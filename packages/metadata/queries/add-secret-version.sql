-- $1 version, $2 KDF, $3 salt, $4 canary. No row when another process was first.
INSERT INTO sealgate.secret_versions (version, kdf, salt, canary) VALUES ($1::smallint, $2::text, $3::bytea, $4::bytea)
ON CONFLICT DO NOTHING
RETURNING version
