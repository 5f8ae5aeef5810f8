-- Whether a version of this bucket may have these attributes or this change: retention and legal hold need object lock.
-- With it a bucket stays versioned for good, so nothing but a deletion by version id can remove what is locked.
CREATE OR REPLACE FUNCTION sealgate.lockable(p_bucket integer, p_attributes jsonb) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT p_attributes ?| ARRAY['retainUntil', 'legalHold'] THEN RETURN true; END IF;
  RETURN EXISTS (SELECT FROM sealgate.buckets b WHERE b.id = p_bucket AND b.object_lock);
END
$$;
