-- $1 actor, $2 request, $3 agent, $4 its epoch, $5 how many at most. Each is given once. Action 107: an agent took credentials for a job.
WITH waiting AS (
  SELECT g.job_id, g.agent_id FROM sealgate.credential_grants g JOIN sealgate.agents a ON a.id = g.agent_id
  WHERE g.agent_id = $3::text AND a.state = 'active' AND a.epoch = $4::bigint AND g.expires_at > now()
  ORDER BY g.expires_at, g.job_id LIMIT $5::integer FOR UPDATE OF g SKIP LOCKED
), taken AS (
  DELETE FROM sealgate.credential_grants g USING waiting w
  WHERE g.job_id = w.job_id AND g.agent_id = w.agent_id
  RETURNING g.job_id, g.agent_id, g.sealed
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 107, $2::text, jsonb_build_object('job', t.job_id, 'agent', t.agent_id)
  FROM taken t
), over AS (
  DELETE FROM sealgate.credential_grants g WHERE g.agent_id = $3::text AND g.expires_at <= now()
)
SELECT t.job_id, t.sealed FROM taken t
