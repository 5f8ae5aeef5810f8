-- A try of a repair has failed: it waits, twice as long each time, or joins the dead letters. As pg-boss does it, but in the
-- caller's transaction.
CREATE OR REPLACE FUNCTION sealgate.fail_repair(p_job uuid, p_reason text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_job pgboss.job;
BEGIN
  UPDATE pgboss.job j SET
    state = CASE WHEN j.retry_count < j.retry_limit THEN 'retry' ELSE 'failed' END::pgboss.job_state,
    completed_on = CASE WHEN j.retry_count < j.retry_limit THEN NULL ELSE now() END,
    start_after = CASE WHEN j.retry_count < j.retry_limit THEN now() + least(j.retry_delay_max,
      greatest(j.retry_delay, 1) * (2 ^ least(16, j.retry_count) * (1 + random()) / 2)) * interval '1 second' ELSE j.start_after END,
    output = jsonb_build_object('reason', p_reason)
  WHERE j.name = 'repair' AND j.id = p_job AND j.state = 'active'
  RETURNING j.* INTO v_job;
  IF FOUND AND v_job.state = 'failed' THEN
    INSERT INTO pgboss.job (name, data, output, policy, retry_limit, retry_delay, expire_seconds, deletion_seconds, keep_until)
    SELECT q.name, v_job.data, v_job.output, q.policy, q.retry_limit, q.retry_delay, q.expire_seconds, q.deletion_seconds,
      now() + q.retention_seconds * interval '1 second'
    FROM pgboss.queue q WHERE q.name = v_job.dead_letter;
  END IF;
END
$$;
