-- $1 name
SELECT c.position FROM sealgate.cursors c WHERE c.name = $1::text
