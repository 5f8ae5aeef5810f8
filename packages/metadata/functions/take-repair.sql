-- Makes a job that the caller has locked a worker's, under a token of its own. A job that was begun before counts a try.
CREATE OR REPLACE FUNCTION sealgate.take_repair(p_job uuid, p_blob uuid, p_holder text, p_epoch bigint, p_lease_ms bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_token bigint := nextval('sealgate.lease_tokens');
BEGIN
  UPDATE pgboss.job j SET state = 'active', started_on = now(), expire_seconds = greatest(j.expire_seconds, p_lease_ms / 1000 + 1),
    retry_count = j.retry_count + CASE WHEN j.started_on IS NULL THEN 0 ELSE 1 END
  WHERE j.name = 'repair' AND j.id = p_job;
  INSERT INTO sealgate.job_leases (job_id, blob_id, token, epoch, leased_until, holder)
  VALUES (p_job, p_blob, v_token, p_epoch, clock_timestamp() + p_lease_ms * interval '1 millisecond', p_holder)
  ON CONFLICT (job_id) DO UPDATE SET token = EXCLUDED.token, epoch = EXCLUDED.epoch, leased_until = EXCLUDED.leased_until,
    holder = EXCLUDED.holder;
  RETURN v_token;
END
$$;
