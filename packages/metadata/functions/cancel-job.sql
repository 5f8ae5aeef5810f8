-- Ends a waiting job and takes back the copies that are owed for it alone. Copies that were made stay.
CREATE OR REPLACE FUNCTION sealgate.cancel_job(p_id uuid, p_actor integer, p_request text, p_remote inet) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_job sealgate.jobs;
  v_blob record;
  v_new bytea;
  v_target smallint;
  v_place bytea;
BEGIN
  SELECT j.* INTO v_job FROM sealgate.jobs j WHERE j.id = p_id FOR UPDATE;
  IF NOT FOUND THEN RETURN 'NotFound'; END IF;
  IF v_job.state <> 'waiting' THEN RETURN 'JobEnded'; END IF;
  FOR v_blob IN
    SELECT b.blob_id, b.replicas FROM sealgate.blobs b WHERE b.blob_id = ANY (v_job.blobs) ORDER BY b.blob_id FOR UPDATE
  LOOP
    v_new := v_blob.replicas;
    FOREACH v_target IN ARRAY v_job.added LOOP
      CONTINUE WHEN EXISTS (SELECT FROM sealgate.jobs o WHERE o.state = 'waiting' AND o.id <> p_id
        AND o.blobs @> ARRAY[v_blob.blob_id] AND v_target = ANY (o.targets));
      v_place := substring(int4send(v_target) FROM 3 FOR 2) || '\x00'::bytea;
      IF sealgate.set_replica(v_new, v_place || 'm'::bytea) = v_new THEN v_new := sealgate.drop_replica(v_new, v_place); END IF;
    END LOOP;
    IF v_new <> v_blob.replicas THEN UPDATE sealgate.blobs b SET replicas = v_new WHERE b.blob_id = v_blob.blob_id; END IF;
  END LOOP;
  UPDATE sealgate.jobs j SET state = 'cancelled', updated_at = now(), ended_at = now() WHERE j.id = p_id;
  -- Action 75: job cancelled.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, version_seq, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, v_job.bucket_id, 75, v_job.version_seq, p_request, p_remote,
    jsonb_build_object('job', p_id));
  RETURN 'ok';
END
$$;
