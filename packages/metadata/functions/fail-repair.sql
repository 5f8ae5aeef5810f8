-- A try of a repair has failed: it waits, twice as long each time, or joins the dead letters. As pg-boss does it, but in the
-- caller's transaction. Backends that had no room are remembered with the time, as long as it waits: the reconciler does without them. A copy
-- that somebody wants on one backend is wanted on no other.
CREATE OR REPLACE FUNCTION sealgate.fail_repair(p_job uuid, p_reason text, p_no_room smallint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_job pgboss.job;
  v_now bigint := floor(extract(epoch FROM clock_timestamp()) * 1000);
BEGIN
  UPDATE pgboss.job j SET
    state = CASE WHEN j.retry_count < j.retry_limit THEN 'retry' ELSE 'failed' END::pgboss.job_state,
    completed_on = CASE WHEN j.retry_count < j.retry_limit THEN NULL ELSE now() END,
    start_after = CASE WHEN j.retry_count < j.retry_limit THEN now() + least(j.retry_delay_max,
      greatest(j.retry_delay, 1) * (2 ^ least(16, j.retry_count) * (1 + random()) / 2)) * interval '1 second' ELSE j.start_after END,
    output = jsonb_build_object('reason', p_reason),
    data = CASE WHEN coalesce(array_length(p_no_room, 1), 0) = 0 OR j.data ->> 'kind' = 'replicate' THEN j.data ELSE j.data || jsonb_build_object('noRoom',
      coalesce(j.data -> 'noRoom', '{}') || (SELECT jsonb_object_agg(n.backend, v_now) FROM unnest(p_no_room) AS n (backend))) END
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
