-- The same key, wrapped under a newer version of the service's. $1 version, $2 wrapped key, $3 what it was
UPDATE sealgate.secret_versions SET salt = $2::bytea WHERE version = $1::smallint AND salt = $3::bytea RETURNING version
