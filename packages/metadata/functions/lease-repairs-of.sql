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
    SELECT j.id, (j.data ->> 'blobId')::uuid AS blob FROM pgboss.job j
    WHERE j.name = 'repair' AND j.state = 'created' AND j.singleton_key = ANY (p_blobs::text[]) AND j.start_after <= now()
      AND coalesce(j.data ->> 'kind', 'repair') = ANY (p_kinds)
      AND sealgate.can_repair((j.data ->> 'blobId')::uuid, p_writes, p_reads)
    LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    o_job := v_job.id;
    o_blob := v_job.blob;
    o_token := sealgate.take_repair(o_job, o_blob, p_holder, p_epoch, p_lease_ms);
    RETURN NEXT;
  END LOOP;
END
$$;
