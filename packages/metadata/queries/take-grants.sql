-- $1 actor, $2 request, $3 agent, $4 its epoch. Each is given once. Action 107: an agent took credentials for a job.
WITH taken AS (
  DELETE FROM sealgate.credential_grants g USING sealgate.agents a
  WHERE g.agent_id = $3::text AND a.id = g.agent_id AND a.state = 'active' AND a.epoch = $4::bigint
  RETURNING g.job_id, g.agent_id, g.sealed, g.expires_at > now() AS good
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 107, $2::text, jsonb_build_object('job', t.job_id, 'agent', t.agent_id)
  FROM taken t WHERE t.good
)
SELECT t.job_id, t.sealed FROM taken t WHERE t.good
