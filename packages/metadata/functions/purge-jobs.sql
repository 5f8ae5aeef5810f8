-- Forgets jobs that ended at least p_kept_ms ago. How many.
CREATE OR REPLACE FUNCTION sealgate.purge_jobs(p_kept_ms bigint, p_limit integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_count integer;
BEGIN
  DELETE FROM sealgate.job_leases l WHERE l.leased_until < now() - interval '1 day'
    AND NOT EXISTS (SELECT FROM pgboss.job p WHERE p.name = 'repair' AND p.id = l.job_id);
  DELETE FROM sealgate.jobs j WHERE j.id IN (
    SELECT o.id FROM sealgate.jobs o WHERE o.ended_at < now() - p_kept_ms * interval '1 millisecond' LIMIT p_limit);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END
$$;
