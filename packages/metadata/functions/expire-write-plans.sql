-- Removes plans that are over. What was not committed is given up as its writer would have done it: see enqueue_deletion. Where
-- the bucket is gone nothing is waited for: what still comes there is found by the sweep.
CREATE OR REPLACE FUNCTION sealgate.expire_write_plans(p_limit integer, p_grace_ms bigint, p_actor integer, p_request text)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_plan sealgate.write_plans;
  v_count integer := 0;
BEGIN
  FOR v_plan IN
    SELECT p.* FROM sealgate.write_plans p WHERE p.expires_at <= now() ORDER BY p.expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    v_count := v_count + 1;
    DELETE FROM sealgate.write_plans p WHERE p.blob_id = v_plan.blob_id;
    CONTINUE WHEN v_plan.committed_seq IS NOT NULL;
    PERFORM sealgate.enqueue_deletion(v_plan.blob_id, v_plan.bucket_id, v_plan.replicas,
      CASE WHEN EXISTS (SELECT FROM sealgate.buckets b WHERE b.id = v_plan.bucket_id AND b.state = 'active') THEN p_grace_ms ELSE 0 END);
    -- Action 143: write plan over.
    INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, request_id, detail)
    VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, v_plan.bucket_id, 143, p_request,
      jsonb_build_object('plan', v_plan.blob_id, 'key', v_plan.key));
  END LOOP;
  RETURN v_count;
END
$$;
