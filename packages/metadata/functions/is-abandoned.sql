-- See next_physical_bucket. Nothing may be left that can still lead bytes there: parts of uploads, and plans by whose URLs
-- clients put blobs without asking the gateway.
CREATE OR REPLACE FUNCTION sealgate.is_abandoned(p_backend smallint, p_name text, p_attempt_age_ms bigint) RETURNS boolean
LANGUAGE sql STABLE
RETURN NOT EXISTS (
  SELECT FROM sealgate.physical_buckets p JOIN sealgate.buckets b ON b.id = p.bucket_id
  WHERE p.backend = p_backend AND p.name = p_name
    AND (b.state <> 'deleted' OR b.deleted_at >= now() - p_attempt_age_ms * interval '1 millisecond'
      OR EXISTS (SELECT FROM sealgate.deletions d WHERE d.bucket_id = b.id)
      OR EXISTS (SELECT FROM sealgate.uploads u WHERE u.bucket_id = b.id AND u.state = 'o')
      OR EXISTS (SELECT FROM sealgate.write_plans w WHERE w.bucket_id = b.id AND w.committed_seq IS NULL))
);
