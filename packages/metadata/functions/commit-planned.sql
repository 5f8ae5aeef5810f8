-- Publishes what landed of a write plan and asks for its replication: commit_version and create_job in one transaction, under
-- the lock of the plan, so that it becomes one version at most and never one while it is being given up. Any refusal leaves no
-- trace.
CREATE OR REPLACE FUNCTION sealgate.commit_planned(
  p_bucket integer, p_key text, p_blob uuid, p_bytes bigint, p_stored bigint, p_etag bytea, p_class integer, p_verdict integer,
  p_checksum bytea, p_headers jsonb, p_tags jsonb, p_attributes jsonb, p_key_version integer, p_encrypted_key text, p_key_id text, p_key_alg text,
  p_encryption_alg text, p_stripe_bytes integer, p_k smallint, p_m smallint, p_block_shift smallint, p_replicas bytea,
  p_digests bytea, p_owing text, p_if_match bytea, p_if_none_match bytea, p_actor integer, p_request text, p_remote inet,
  p_grace_ms bigint, p_pending_ms bigint, p_attempt_age_ms bigint, p_cause text,
  p_job uuid, p_wanted jsonb, p_targets smallint[], p_replicas_max integer,
  OUT o_outcome text, OUT o_seq bigint, OUT o_is_null boolean, OUT o_versioned boolean, OUT o_modified_at timestamptz, OUT o_job uuid
)
LANGUAGE plpgsql AS $$
DECLARE
  v_plan sealgate.write_plans;
  v_wanted jsonb;
  v_job record;
BEGIN
  SELECT p.* INTO v_plan FROM sealgate.write_plans p
  WHERE p.blob_id = p_blob AND p.bucket_id = p_bucket AND p.key = p_key AND p.expires_at > now() FOR UPDATE;
  IF NOT FOUND THEN o_outcome := 'PlanOver'; RETURN; END IF;
  IF v_plan.committed_seq IS NOT NULL THEN
    o_seq := v_plan.committed_seq;
    o_is_null := v_plan.is_null;
    o_versioned := v_plan.versioned;
    o_modified_at := v_plan.committed_at;
    o_job := v_plan.job_id;
    o_outcome := 'ok';
    RETURN;
  END IF;
  SELECT c.o_outcome, c.o_seq, c.o_is_null, c.o_versioned, c.o_modified_at
  INTO o_outcome, o_seq, o_is_null, o_versioned, o_modified_at
  FROM sealgate.commit_version(
    p_bucket, p_key, p_blob, p_bytes, p_stored, p_etag, p_class, p_verdict, p_checksum, p_headers, p_tags, p_attributes,
    p_key_version, p_encrypted_key, p_key_id, p_key_alg, p_encryption_alg, p_stripe_bytes, p_k, p_m, p_block_shift,
    p_replicas, p_digests, p_owing, p_if_match, p_if_none_match, p_actor, p_request, p_remote, p_grace_ms, p_pending_ms,
    p_attempt_age_ms, p_cause) c;
  IF o_outcome <> 'ok' THEN RETURN; END IF;
  IF p_job IS NOT NULL THEN
    v_wanted := p_wanted || jsonb_build_object('bucketId', p_bucket, 'key', p_key, 'seq', o_seq::text,
      'versionId', sealgate.version_id(o_seq, p_blob, o_is_null));
    SELECT j.o_outcome AS outcome, j.o_id AS id INTO v_job
    FROM sealgate.create_job(p_job, v_wanted, ARRAY[p_blob], p_targets, NULL, p_replicas_max, p_actor, p_request, p_remote) j;
    -- The version went in before: only an error takes it out again.
    IF v_job.outcome <> 'ok' THEN RAISE EXCEPTION '%', v_job.outcome USING ERRCODE = 'SG001'; END IF;
    o_job := v_job.id;
  END IF;
  UPDATE sealgate.write_plans p
  SET committed_seq = o_seq, committed_at = o_modified_at, is_null = o_is_null, versioned = o_versioned, job_id = o_job
  WHERE p.blob_id = p_blob;
  -- Action 142: write plan committed.
  INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, version_seq, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, p_bucket, 142, o_seq, p_request, p_remote,
    jsonb_build_object('plan', p_blob, 'key', p_key));
EXCEPTION WHEN SQLSTATE 'SG001' THEN
  o_outcome := SQLERRM;
END
$$;
