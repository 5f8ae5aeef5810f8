-- $1 member, $2 its beat
DELETE FROM sealgate.cache_members m WHERE m.id = $1::text AND m.beat = $2::bigint
RETURNING m.id
