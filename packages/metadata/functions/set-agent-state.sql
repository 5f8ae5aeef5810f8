-- Enables or disables an agent. Disabled, its sessions end and what it holds is free at once.
CREATE OR REPLACE FUNCTION sealgate.set_agent_state(p_id text, p_state text, p_actor integer, p_request text, p_remote inet) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_old text;
BEGIN
  SELECT a.state INTO v_old FROM sealgate.agents a WHERE a.id = p_id FOR UPDATE;
  IF NOT FOUND THEN RETURN 'NotFound'; END IF;
  IF v_old = 'enrolling' THEN RETURN 'AgentNotEnrolled'; END IF;
  UPDATE sealgate.agents a SET state = p_state WHERE a.id = p_id;
  IF p_state = 'disabled' THEN
    DELETE FROM sealgate.agent_tokens t WHERE t.agent_id = p_id;
    UPDATE sealgate.job_leases l SET leased_until = now() WHERE l.holder = p_id AND l.epoch > 0 AND l.leased_until > now();
  END IF;
  -- Action 102: agent enabled or disabled.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 102, p_request, p_remote, jsonb_build_object('agent', p_id, 'state', p_state));
  RETURN 'ok';
END
$$;
