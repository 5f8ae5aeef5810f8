-- $1 first leaf, $2 numbers of the entries, $3 hashes, $4 buckets, $5 subjects, $6 blobs, $7-$9 levels, indexes and hashes
-- of the subtrees that these leaves complete. All or nothing: a leaf that is there already ends it.
WITH leaves AS (
  INSERT INTO sealgate.audit_leaves (leaf, seq, hash, bucket_id, subject, blob)
  SELECT $1::bigint + l.place - 1, l.seq, l.hash, l.bucket_id, l.subject, l.blob
  FROM unnest($2::bigint[], $3::bytea[], $4::integer[], $5::bigint[], $6::bigint[]) WITH ORDINALITY
    AS l(seq, hash, bucket_id, subject, blob, place)
  RETURNING leaf
), nodes AS (
  INSERT INTO sealgate.audit_nodes (level, index, hash)
  SELECT n.level, n.index, n.hash FROM unnest($7::smallint[], $8::bigint[], $9::bytea[]) AS n(level, index, hash)
)
SELECT count(*) AS leaves FROM leaves
