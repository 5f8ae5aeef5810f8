-- $1 member, $2 seen, $3 drained, $4 reach
SELECT v.o_epoch AS epoch, v.o_incarnation AS incarnation, v.o_keyspace AS keyspace, v.o_members AS members
FROM sealgate.renew_cache_member($1::text, $2::bigint, $3::bigint, $4::text) v
