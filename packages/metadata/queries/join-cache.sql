-- $1 member, $2 lease (ms)
SELECT v.o_epoch AS epoch, v.o_incarnation AS incarnation, v.o_keyspace AS keyspace, v.o_members AS members
FROM sealgate.join_cache($1::text, $2::bigint) v
