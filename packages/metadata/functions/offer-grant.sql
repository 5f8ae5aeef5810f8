-- Keeps credentials for one job until their agent takes them. Later ones take the place of earlier ones.
CREATE OR REPLACE FUNCTION sealgate.offer_grant(
  p_job uuid, p_agent text, p_sealed text, p_ms bigint, p_actor integer, p_request text, p_remote inet
) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM sealgate.credential_grants g WHERE g.expires_at <= now();
  PERFORM FROM sealgate.jobs j WHERE j.id = p_job AND j.state = 'waiting' FOR SHARE;
  IF NOT FOUND THEN RETURN CASE WHEN EXISTS (SELECT FROM sealgate.jobs j WHERE j.id = p_job) THEN 'JobEnded' ELSE 'NotFound' END; END IF;
  PERFORM FROM sealgate.agents a WHERE a.id = p_agent AND a.state = 'active' FOR SHARE;
  IF NOT FOUND THEN RETURN CASE WHEN EXISTS (SELECT FROM sealgate.agents a WHERE a.id = p_agent) THEN 'AgentNotActive' ELSE 'NotFound' END; END IF;
  INSERT INTO sealgate.credential_grants (job_id, agent_id, expires_at, sealed)
  VALUES (p_job, p_agent, now() + p_ms * interval '1 millisecond', p_sealed)
  ON CONFLICT (job_id, agent_id) DO UPDATE SET expires_at = EXCLUDED.expires_at, sealed = EXCLUDED.sealed;
  -- Action 106: credentials for a job were sent to an agent.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 106, p_request, p_remote,
    jsonb_build_object('job', p_job, 'agent', p_agent));
  RETURN 'ok';
END
$$;
