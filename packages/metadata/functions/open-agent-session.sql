-- A session for an agent that has just proved its key: epoch, or NULL and a reason. An assertion is good once.
CREATE OR REPLACE FUNCTION sealgate.open_agent_session(
  p_id text, p_jti text, p_assertion_ms bigint, p_hash bytea, p_token_ms bigint, p_epoch bigint, p_actor integer, p_request text,
  OUT o_outcome text, OUT o_epoch bigint
) RETURNS record
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM sealgate.agent_assertions s WHERE s.agent_id = p_id AND s.expires_at < now();
  DELETE FROM sealgate.agent_tokens t WHERE t.expires_at < now();
  SELECT a.epoch INTO o_epoch FROM sealgate.agents a WHERE a.id = p_id AND a.state = 'active' FOR UPDATE;
  IF NOT FOUND OR o_epoch < p_epoch OR o_epoch > p_epoch THEN
    o_outcome := 'refused';
    RETURN;
  END IF;
  INSERT INTO sealgate.agent_assertions (agent_id, jti, expires_at)
  VALUES (p_id, p_jti, now() + p_assertion_ms * interval '1 millisecond') ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    o_outcome := 'replayed';
    RETURN;
  END IF;
  IF p_epoch IS NULL THEN
    o_epoch := o_epoch + 1;
    DELETE FROM sealgate.agent_tokens t WHERE t.agent_id = p_id;
    -- What an earlier life held is free at once: no result of it counts any more.
    UPDATE sealgate.job_leases l SET leased_until = now() WHERE l.holder = p_id AND l.epoch > 0 AND l.leased_until > now();
    -- Action 104: agent began anew.
    INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, detail)
    VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 104, p_request, jsonb_build_object('agent', p_id, 'epoch', o_epoch));
  END IF;
  UPDATE sealgate.agents a SET epoch = o_epoch, last_seen_at = now() WHERE a.id = p_id;
  INSERT INTO sealgate.agent_tokens (hash, agent_id, epoch, expires_at)
  VALUES (p_hash, p_id, o_epoch, now() + p_token_ms * interval '1 millisecond');
  o_outcome := 'open';
END
$$;
