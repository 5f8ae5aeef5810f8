-- $1 bucket, $2 key, $3 upload id
SELECT u.num, u.upload_id, u.bucket_id, u.key, u.class, u.headers, u.tags, u.attributes, u.checksum_algorithm, u.checksum_type, u.key_version,
  u.encrypted_key, u.key_id, u.key_alg, u.encryption_alg, u.initiator, u.state, u.created_at
FROM sealgate.uploads u
WHERE u.upload_id = $3::text AND u.bucket_id = $1::integer AND u.key = $2::text AND u.state <> 'a'
