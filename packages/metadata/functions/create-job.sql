-- Makes a job that gives a version further copies, and owes them, in one transaction. A job with the same client token, or
-- an equal one that waits, is given back instead.
CREATE OR REPLACE FUNCTION sealgate.create_job(
  p_id uuid, p_wanted jsonb, p_blobs uuid[], p_targets smallint[], p_source smallint, p_replicas_max integer,
  p_actor integer, p_request text, p_remote inet, OUT o_outcome text, OUT o_id uuid, OUT o_created boolean
) RETURNS record
LANGUAGE plpgsql AS $$
DECLARE
  v_tenant uuid := (p_wanted ->> 'tenantId')::uuid;
  v_bucket integer := (p_wanted ->> 'bucketId')::integer;
  v_seq bigint := (p_wanted ->> 'seq')::bigint;
  v_token text := p_wanted ->> 'clientToken';
  v_old sealgate.jobs;
  v_added smallint[];
BEGIN
  o_created := false;
  -- Two equal requests at once: the second one sees the first one's job.
  PERFORM pg_advisory_xact_lock(hashtextextended('job ' || v_bucket || ' ' || v_seq, 0));
  IF v_token IS NOT NULL THEN
    SELECT j.* INTO v_old FROM sealgate.jobs j WHERE j.tenant_id = v_tenant AND j.client_token = v_token;
    IF FOUND THEN
      o_id := v_old.id;
      o_outcome := CASE WHEN v_old.bucket_id = v_bucket AND v_old.key = p_wanted ->> 'key' AND v_old.targets = p_targets
        THEN 'ok' ELSE 'TokenTaken' END;
      RETURN;
    END IF;
  END IF;
  SELECT j.id INTO o_id FROM sealgate.jobs j
  WHERE j.state = 'waiting' AND j.bucket_id = v_bucket AND j.version_seq = v_seq AND j.targets = p_targets;
  IF FOUND THEN
    o_outcome := 'ok';
    RETURN;
  END IF;
  o_outcome := sealgate.lock_copies(p_blobs, p_targets, p_source, p_replicas_max);
  IF o_outcome <> 'ok' THEN RETURN; END IF;
  v_added := sealgate.owe_replicas(p_blobs, p_targets, (p_wanted ->> 'priority')::smallint);
  INSERT INTO sealgate.jobs (id, version_seq, tenant_id, bucket_id, priority, source, encryption_required, kind, state, key,
    version_id, policy_class, client_token, targets, added, blobs)
  VALUES (p_id, v_seq, v_tenant, v_bucket, (p_wanted ->> 'priority')::smallint, p_source,
    (p_wanted ->> 'encryptionRequired')::boolean, 'replicate', 'waiting', p_wanted ->> 'key', p_wanted ->> 'versionId',
    p_wanted ->> 'policyClass', v_token, p_targets, v_added, p_blobs);
  -- Action 73: job made. The key stands in the detail: the entry is about no change of the object.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, version_seq, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, v_bucket, 73, v_seq, p_request, p_remote,
    jsonb_build_object('job', p_id, 'key', p_wanted ->> 'key', 'targets', p_wanted -> 'targets'));
  PERFORM sealgate.settle_jobs(p_blobs[1], 100, p_actor);
  o_id := p_id;
  o_created := true;
END
$$;
