-- The end of a lease: `done`, `failed` (p_reason) or `released`, which hands the job back as if it had never been taken.
-- False when the lease was lost before: nothing happens then.
CREATE OR REPLACE FUNCTION sealgate.end_lease(
  p_holder text, p_epoch bigint, p_job uuid, p_token bigint, p_outcome text, p_reason text, p_no_room smallint[],
  p_actor integer
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_blob uuid;
BEGIN
  IF NOT sealgate.holds_lease(p_holder, p_epoch, p_job, p_token) THEN RETURN false; END IF;
  DELETE FROM sealgate.job_leases l WHERE l.job_id = p_job RETURNING l.blob_id INTO v_blob;
  -- Whoever reports a copy holds this row until it commits, and found a job under way: only behind it is there to be seen
  -- that another job is needed.
  PERFORM FROM sealgate.blobs b WHERE b.blob_id = v_blob FOR UPDATE;
  IF p_outcome = 'failed' THEN
    PERFORM sealgate.fail_repair(p_job, p_reason, p_no_room);
  ELSIF p_outcome = 'released' THEN
    UPDATE pgboss.job j SET state = 'created', started_on = NULL, start_after = now()
    WHERE j.name = 'repair' AND j.id = p_job AND j.state = 'active';
  ELSE
    UPDATE pgboss.job j SET state = 'completed', completed_on = now() WHERE j.name = 'repair' AND j.id = p_job AND j.state = 'active';
    PERFORM sealgate.renew_repair(p_job);
  END IF;
  IF p_outcome <> 'released' THEN
    UPDATE sealgate.jobs j SET attempts = j.attempts + 1, last_error = p_reason WHERE j.state = 'waiting' AND j.blobs @> ARRAY[v_blob];
  END IF;
  PERFORM sealgate.settle_jobs(v_blob, 100, p_actor);
  RETURN true;
END
$$;
