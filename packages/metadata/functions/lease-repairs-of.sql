-- The same as lease_repairs, of certain blobs only: for a worker that has credentials for one job.
CREATE OR REPLACE FUNCTION sealgate.lease_repairs_of(
  p_holder text, p_epoch bigint, p_limit integer, p_lease_ms bigint, p_writes smallint[], p_reads smallint[], p_kinds text[],
  p_blobs uuid[], p_ready integer
) RETURNS TABLE (o_job uuid, o_blob uuid, o_token bigint)
LANGUAGE plpgsql AS $$
DECLARE
  v_job record;
BEGIN
  IF p_epoch > 0 THEN
    PERFORM FROM sealgate.agents a WHERE a.id = p_holder AND a.state = 'active' AND a.epoch = p_epoch;
    IF NOT FOUND THEN RETURN; END IF;
  END IF;
  PERFORM sealgate.ready_repairs(p_ready);
  FOR v_job IN
    SELECT j.id, (j.data ->> 'blobId')::uuid AS blob, j.started_on FROM pgboss.job j
    WHERE j.name = 'repair' AND j.state = 'created' AND j.singleton_key = ANY (p_blobs::text[]) AND j.start_after <= now()
      AND coalesce(j.data ->> 'kind', 'repair') = ANY (p_kinds)
      AND sealgate.can_repair((j.data ->> 'blobId')::uuid, p_writes, p_reads)
    LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    UPDATE pgboss.job j SET state = 'active', started_on = now(), expire_seconds = greatest(j.expire_seconds, p_lease_ms / 1000 + 1),
      retry_count = j.retry_count + CASE WHEN v_job.started_on IS NULL THEN 0 ELSE 1 END
    WHERE j.name = 'repair' AND j.id = v_job.id;
    o_job := v_job.id;
    o_blob := v_job.blob;
    o_token := nextval('sealgate.lease_tokens');
    INSERT INTO sealgate.job_leases (job_id, blob_id, token, epoch, leased_until, holder)
    VALUES (o_job, o_blob, o_token, p_epoch, clock_timestamp() + p_lease_ms * interval '1 millisecond', p_holder)
    ON CONFLICT (job_id) DO UPDATE SET token = EXCLUDED.token, epoch = EXCLUDED.epoch, leased_until = EXCLUDED.leased_until,
      holder = EXCLUDED.holder;
    RETURN NEXT;
  END LOOP;
END
$$;
