-- Forgets an agent, unless a backend is in its custody. What it held is free at once.
CREATE OR REPLACE FUNCTION sealgate.remove_agent(p_id text, p_actor integer, p_request text, p_remote inet) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM sealgate.agents a WHERE a.id = p_id FOR UPDATE;
  IF NOT FOUND THEN RETURN 'NotFound'; END IF;
  IF EXISTS (SELECT FROM sealgate.backends b WHERE b.agent_id = p_id AND b.state <> 'retired') THEN RETURN 'AgentHasCustody'; END IF;
  UPDATE sealgate.backends b SET agent_id = NULL WHERE b.agent_id = p_id;
  UPDATE sealgate.job_leases l SET leased_until = now() WHERE l.holder = p_id AND l.epoch > 0 AND l.leased_until > now();
  DELETE FROM sealgate.agents a WHERE a.id = p_id;
  -- Action 103: agent removed.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 103, p_request, p_remote, jsonb_build_object('agent', p_id));
  RETURN 'ok';
END
$$;
