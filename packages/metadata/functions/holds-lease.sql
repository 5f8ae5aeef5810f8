-- Whether a worker still holds a job: same token, time left, and if it is an agent, still the one that took it. Locks the
-- lease, so that nobody takes the job before the caller's transaction ends.
CREATE OR REPLACE FUNCTION sealgate.holds_lease(p_holder text, p_epoch bigint, p_job uuid, p_token bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM sealgate.job_leases l
  WHERE l.job_id = p_job AND l.token = p_token AND l.holder = p_holder AND l.epoch = p_epoch
    AND l.leased_until > clock_timestamp()
    AND (l.epoch = 0 OR EXISTS (
      SELECT FROM sealgate.agents a WHERE a.id = l.holder AND a.state = 'active' AND a.epoch = l.epoch))
  FOR UPDATE OF l;
  RETURN FOUND;
END
$$;
