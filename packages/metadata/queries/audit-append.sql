-- $1 first leaf, $2 numbers of the entries, $3 hashes, $4 buckets, $5 subjects, $6-$8 levels, indexes and hashes of the
-- subtrees that these leaves complete. All or nothing: a leaf that is there already ends it, and one that does not follow
-- upon the last one, with a higher number, is not written.
WITH follows AS (
  SELECT FROM (SELECT $1::bigint AS first) f
  WHERE f.first = 0 OR EXISTS (SELECT FROM sealgate.audit_leaves p WHERE p.leaf = f.first - 1 AND p.seq < ($2::bigint[])[1])
), leaves AS (
  INSERT INTO sealgate.audit_leaves (leaf, seq, bucket_id, subject, hash)
  SELECT $1::bigint + l.place - 1, l.seq, l.bucket_id, l.subject, l.hash
  FROM follows, unnest($2::bigint[], $3::bytea[], $4::integer[], $5::integer[]) WITH ORDINALITY
    AS l(seq, hash, bucket_id, subject, place)
  RETURNING leaf
), nodes AS (
  INSERT INTO sealgate.audit_nodes (level, index, hash)
  SELECT n.level, n.index, n.hash FROM follows, unnest($6::smallint[], $7::bigint[], $8::bytea[]) AS n(level, index, hash)
)
SELECT count(*) AS leaves FROM leaves
