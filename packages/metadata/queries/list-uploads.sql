-- Open uploads of a range of keys, by key, then as they were begun.
-- $1 bucket, $2 lower bound (inclusive), $3 upper bound (exclusive), $4 limit, $5 key and $6 upload id of the marker: uploads
-- of that key begun after that one come first
SELECT u.num, u.upload_id, u.bucket_id, u.key, u.class, u.headers, u.tags, u.attributes, u.checksum_algorithm, u.checksum_type, u.key_version,
  u.encrypted_key, u.key_id, u.key_alg, u.encryption_alg, u.initiator, u.state, u.created_at
FROM sealgate.uploads u
WHERE u.bucket_id = $1::integer AND u.state = 'o' AND u.key < $3::text AND (u.key >= $2::text OR (u.key = $5::text
  AND u.num > (SELECT m.num FROM sealgate.uploads m WHERE m.upload_id = $6::text)))
  AND u.key >= least($2::text, $5::text)
ORDER BY u.key, u.num
LIMIT $4::integer
