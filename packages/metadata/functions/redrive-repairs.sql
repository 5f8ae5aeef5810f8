-- Another life for repairs that were given up, the oldest first; p_job: only that one. How many there were.
CREATE OR REPLACE FUNCTION sealgate.redrive_repairs(
  p_job uuid, p_limit integer, p_actor integer, p_request text, p_remote inet
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_dead record;
  v_blob sealgate.blobs;
  v_count integer := 0;
BEGIN
  FOR v_dead IN
    SELECT j.id, (j.data ->> 'blobId')::uuid AS blob FROM pgboss.job j
    WHERE j.name = 'repair-dead' AND j.state < 'active' AND coalesce(j.data ->> 'kind', 'repair') = 'repair'
      AND (p_job IS NULL OR j.id = p_job)
    ORDER BY j.created_on, j.id LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    UPDATE pgboss.job j SET state = 'completed', completed_on = now() WHERE j.name = 'repair-dead' AND j.id = v_dead.id;
    SELECT b.* INTO v_blob FROM sealgate.blobs b WHERE b.blob_id = v_dead.blob;
    IF FOUND THEN PERFORM sealgate.enqueue_repair(v_blob.blob_id, v_blob.replicas, coalesce(v_blob.k, 1)); END IF;
    v_count := v_count + 1;
  END LOOP;
  IF v_count > 0 THEN
    -- Action 77: repairs tried again.
    INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
    VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 77, p_request, p_remote,
      jsonb_strip_nulls(jsonb_build_object('job', p_job, 'repairs', v_count)));
  END IF;
  RETURN v_count;
END
$$;
