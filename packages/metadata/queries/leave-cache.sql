-- $1 member
DELETE FROM sealgate.cache_members m WHERE m.id = $1::text
