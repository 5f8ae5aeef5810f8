-- Gives a worker up to p_limit repairs that it can do, most urgent first, each with a token of its own. A job whose lease
-- ran out is given again, and that counts as a try. p_writes NULL: the worker takes whatever comes.
CREATE OR REPLACE FUNCTION sealgate.lease_repairs(
  p_holder text, p_epoch bigint, p_limit integer, p_lease_ms bigint, p_writes smallint[], p_reads smallint[], p_kinds text[]
) RETURNS TABLE (o_job uuid, o_blob uuid, o_token bigint)
LANGUAGE plpgsql AS $$
DECLARE
  v_seen record;
  v_job pgboss.job;
BEGIN
  IF p_epoch > 0 THEN
    PERFORM FROM sealgate.agents a WHERE a.id = p_holder AND a.state = 'active' AND a.epoch = p_epoch;
    IF NOT FOUND THEN RETURN; END IF;
  END IF;
  FOR v_seen IN
    SELECT j.id, (j.data ->> 'blobId')::uuid AS blob FROM pgboss.job j LEFT JOIN sealgate.job_leases l ON l.job_id = j.id
    WHERE j.name = 'repair' AND coalesce(j.data ->> 'kind', 'repair') = ANY (p_kinds)
      AND ((j.state < 'active' AND j.start_after <= now()) OR (j.state = 'active' AND l.leased_until <= now()))
    ORDER BY j.priority DESC, j.created_on, j.id
  LOOP
    EXIT WHEN p_limit <= 0;
    CONTINUE WHEN p_writes IS NOT NULL AND NOT sealgate.can_repair(v_seen.blob, p_writes, p_reads);
    SELECT j.* INTO v_job FROM pgboss.job j
    WHERE j.name = 'repair' AND j.id = v_seen.id AND ((j.state < 'active' AND j.start_after <= now()) OR (j.state = 'active'
      AND EXISTS (SELECT FROM sealgate.job_leases l WHERE l.job_id = j.id AND l.leased_until <= now())))
    FOR UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    IF v_job.state = 'active' AND v_job.retry_count >= v_job.retry_limit THEN
      DELETE FROM sealgate.job_leases l WHERE l.job_id = v_job.id;
      PERFORM sealgate.fail_repair(v_job.id, 'LeaseLost');
      CONTINUE;
    END IF;
    UPDATE pgboss.job j SET state = 'active', started_on = now(), expire_seconds = greatest(j.expire_seconds, p_lease_ms / 1000 + 1),
      retry_count = j.retry_count + CASE WHEN j.started_on IS NULL THEN 0 ELSE 1 END
    WHERE j.name = 'repair' AND j.id = v_job.id;
    o_job := v_job.id;
    o_blob := v_seen.blob;
    o_token := nextval('sealgate.lease_tokens');
    INSERT INTO sealgate.job_leases (job_id, blob_id, token, epoch, leased_until, holder)
    VALUES (o_job, o_blob, o_token, p_epoch, clock_timestamp() + p_lease_ms * interval '1 millisecond', p_holder)
    ON CONFLICT (job_id) DO UPDATE SET token = EXCLUDED.token, epoch = EXCLUDED.epoch, leased_until = EXCLUDED.leased_until,
      holder = EXCLUDED.holder;
    p_limit := p_limit - 1;
    RETURN NEXT;
  END LOOP;
END
$$;
