-- Another life for a job that failed or was cancelled: its copies are owed again, of the blobs that the version has now.
CREATE OR REPLACE FUNCTION sealgate.retry_job(
  p_id uuid, p_blobs uuid[], p_replicas_max integer, p_actor integer, p_request text, p_remote inet
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_job sealgate.jobs;
  v_outcome text;
  v_added smallint[];
BEGIN
  SELECT j.* INTO v_job FROM sealgate.jobs j WHERE j.id = p_id FOR UPDATE;
  IF NOT FOUND THEN RETURN 'NotFound'; END IF;
  IF v_job.state NOT IN ('failed', 'cancelled') THEN RETURN 'JobNotEnded'; END IF;
  v_outcome := sealgate.lock_copies(p_blobs, v_job.targets, NULL, p_replicas_max);
  IF v_outcome <> 'ok' THEN RETURN v_outcome; END IF;
  UPDATE pgboss.job p SET state = 'completed', completed_on = now()
  WHERE p.name = 'repair-dead' AND p.state < 'active' AND (p.data ->> 'blobId')::uuid = ANY (p_blobs);
  v_added := sealgate.owe_replicas(p_blobs, v_job.targets, v_job.priority);
  UPDATE sealgate.jobs j SET state = 'waiting', updated_at = now(), ended_at = NULL, last_error = NULL, blobs = p_blobs,
    added = ARRAY(SELECT DISTINCT t FROM unnest(v_added || v_job.added) t) WHERE j.id = p_id;
  -- Action 76: job tried again.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, version_seq, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, v_job.bucket_id, 76, v_job.version_seq, p_request, p_remote,
    jsonb_build_object('job', p_id));
  PERFORM sealgate.settle_jobs(p_blobs[1], 100, p_actor);
  RETURN 'ok';
END
$$;
