-- Envelopes that are not sealed to the wanted keys, of a range of versions by key, newest first. Reads at most $5 versions by
-- the primary keys, however few of them are told, and needs no index of its own.
-- The compact form has `"kid":"` before the id of each recipient and nowhere else: all around it is base64url.
-- $1 bucket, $2 lower bound (inclusive), $3 upper bound (exclusive), $4 envelopes, $5 versions looked at, $6 key and
-- $7 sequence of the last one before: older ones of that key come first ($6 NULL: none), $8 wanted key ids, $9 the format
WITH looked AS MATERIALIZED (
  SELECT v.*, (row_number() OVER (ORDER BY v.key, v.seq DESC))::integer AS place FROM (
    (SELECT o.key, o.seq, o.is_null, o.blob_id, o.key_version, o.encrypted_key, o.key_id, o.key_alg, o.encryption_alg, sealgate.is_locked(o, false) AS locked
      FROM sealgate.objects o
      WHERE o.bucket_id = $1::integer AND o.key >= $2::text AND o.key < $3::text
      ORDER BY o.key LIMIT $5::integer)
    UNION ALL
    (SELECT h.key, h.seq, h.is_null, h.blob_id, h.key_version, h.encrypted_key, h.key_id, h.key_alg, h.encryption_alg, sealgate.is_locked(sealgate.history_object(h), false)
      FROM sealgate.history h
      WHERE h.bucket_id = $1::integer AND h.key >= $2::text AND h.key < $3::text
      ORDER BY h.key, h.seq DESC LIMIT $5::integer)
    UNION ALL
    -- A version that was newest may have gone since, and what was older then be the row of objects now.
    (SELECT o.key, o.seq, o.is_null, o.blob_id, o.key_version, o.encrypted_key, o.key_id, o.key_alg, o.encryption_alg, sealgate.is_locked(o, false)
      FROM sealgate.objects o
      WHERE o.bucket_id = $1::integer AND o.key = $6::text AND o.seq < $7::bigint)
    UNION ALL
    (SELECT h.key, h.seq, h.is_null, h.blob_id, h.key_version, h.encrypted_key, h.key_id, h.key_alg, h.encryption_alg, sealgate.is_locked(sealgate.history_object(h), false)
      FROM sealgate.history h
      WHERE h.bucket_id = $1::integer AND h.key = $6::text AND h.seq < $7::bigint
      ORDER BY h.seq DESC LIMIT $5::integer)
  ) v
  ORDER BY v.key, v.seq DESC
  LIMIT $5::integer
), told AS (
  SELECT l.* FROM looked l
  WHERE l.encrypted_key IS NOT NULL AND l.encryption_alg = $9::text AND (
    l.key_id <> ($8::text[])[1]
    OR length(l.encrypted_key) - length(replace(l.encrypted_key, '"kid":"', '')) <> 7 * cardinality($8::text[])
    OR EXISTS (SELECT FROM unnest($8::text[]) AS w (kid) WHERE strpos(l.encrypted_key, '"kid":"' || w.kid || '"') = 0))
  ORDER BY l.key, l.seq DESC
  LIMIT $4::integer
), last AS (
  SELECT l.key, l.seq FROM looked l ORDER BY l.key DESC, l.seq LIMIT 1
)
SELECT t.*, (SELECT count(*)::integer FROM looked) AS looked, (SELECT key FROM last) AS last_key, (SELECT seq FROM last) AS last_seq
FROM (SELECT 1) AS one LEFT JOIN told t ON true
ORDER BY t.key, t.seq DESC
