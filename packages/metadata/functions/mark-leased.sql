-- The result of a worker: turns a copy that is owed to `stored`, as long as its lease holds. `stale`: it does not, and
-- nothing happens. `unwanted`: the blob is to go, or nobody owes that copy any more.
CREATE OR REPLACE FUNCTION sealgate.mark_leased(
  p_holder text, p_epoch bigint, p_job uuid, p_token bigint, p_blob uuid, p_entry bytea, p_actor integer, p_request text,
  p_grace_ms bigint
) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT sealgate.holds_lease(p_holder, p_epoch, p_job, p_token)
    OR NOT EXISTS (SELECT FROM sealgate.job_leases l WHERE l.job_id = p_job AND l.blob_id = p_blob) THEN RETURN 'stale'; END IF;
  IF sealgate.mark_replica(p_blob, p_entry, true, p_actor, p_request, p_grace_ms) THEN RETURN 'wanted'; END IF;
  RETURN 'unwanted';
END
$$;
