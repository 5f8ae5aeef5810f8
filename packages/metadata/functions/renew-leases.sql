-- Keeps leases for longer that are still their holder's. A job that takes long is no expired one to the queue's own upkeep.
CREATE OR REPLACE FUNCTION sealgate.renew_leases(
  p_holder text, p_epoch bigint, p_jobs uuid[], p_tokens bigint[], p_lease_ms bigint
) RETURNS SETOF uuid
LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. coalesce(array_length(p_jobs, 1), 0) LOOP
    IF sealgate.holds_lease(p_holder, p_epoch, p_jobs[i], p_tokens[i]) THEN
      UPDATE sealgate.job_leases l SET leased_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
      WHERE l.job_id = p_jobs[i];
      UPDATE pgboss.job j SET expire_seconds = extract(epoch FROM now() - j.started_on)::integer + 3600
      WHERE j.name = 'repair' AND j.id = p_jobs[i] AND j.started_on + (j.expire_seconds - 1800) * interval '1 second' < now();
      RETURN NEXT p_jobs[i];
    END IF;
  END LOOP;
END
$$;
