-- $1 version, $2 sealed under the newest passphrase, $3 as it was. Nothing happens when another process was first.
UPDATE sealgate.audit_keys SET sealed = $2::bytea WHERE version = $1::smallint AND sealed = $3::bytea
