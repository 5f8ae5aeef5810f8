-- Takes the bucket's lock, shared: writers of its objects run side by side, but not beside its deletion or a change of
-- its versioning. Returns the versioning state; NULL when there is no such bucket. Advisory, because a row lock shared
-- by many writers would cost a multixact each.
CREATE OR REPLACE FUNCTION sealgate.lock_bucket(p_bucket integer) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(1, p_bucket);
  -- A statement of its own: its snapshot is taken after the lock is held.
  RETURN (SELECT b.versioning FROM sealgate.buckets b WHERE b.id = p_bucket AND b.state = 'active');
END
$$;
