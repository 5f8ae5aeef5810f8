-- Puts what may be worked at again into the order of the queue: jobs whose next try has come, and those whose worker let its
-- lease run out, which counts as a try. At most p_limit of each; the others follow with the next call.
CREATE OR REPLACE FUNCTION sealgate.ready_repairs(p_limit integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_lost record;
BEGIN
  UPDATE pgboss.job j SET state = 'created' WHERE j.name = 'repair' AND j.id IN (
    SELECT r.id FROM pgboss.job r WHERE r.name = 'repair' AND r.state = 'retry' AND r.start_after <= now()
    ORDER BY r.start_after LIMIT p_limit FOR UPDATE SKIP LOCKED);
  FOR v_lost IN
    SELECT l.job_id, j.state, j.retry_count, j.retry_limit FROM sealgate.job_leases l
    LEFT JOIN LATERAL (SELECT p.id, p.state, p.retry_count, p.retry_limit FROM pgboss.job p WHERE p.name = 'repair' AND p.id = l.job_id) j ON true
    WHERE l.leased_until <= now() ORDER BY l.leased_until LIMIT p_limit FOR UPDATE OF l SKIP LOCKED
  LOOP
    DELETE FROM sealgate.job_leases l WHERE l.job_id = v_lost.job_id;
    -- The queue's own upkeep may have ended the job before.
    CONTINUE WHEN v_lost.state IS DISTINCT FROM 'active';
    IF v_lost.retry_count >= v_lost.retry_limit THEN
      PERFORM sealgate.fail_repair(v_lost.job_id, 'LeaseLost', NULL);
    ELSE
      UPDATE pgboss.job j SET state = 'created', start_after = now() WHERE j.name = 'repair' AND j.id = v_lost.job_id AND j.state = 'active';
    END IF;
  END LOOP;
END
$$;
