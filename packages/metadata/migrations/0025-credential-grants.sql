-- Credentials of a backend for one job, on their way from who owns them to one agent: sealed to the agent's key, so nobody
-- who reads this can use them. A row goes when the agent takes it, or when its time is over.
CREATE TABLE sealgate.credential_grants (
  job_id uuid NOT NULL REFERENCES sealgate.jobs ON DELETE CASCADE,
  agent_id text COLLATE "C" NOT NULL REFERENCES sealgate.agents ON DELETE CASCADE,
  expires_at timestamptz NOT NULL,
  sealed text NOT NULL CHECK (octet_length(sealed) <= 8192),
  PRIMARY KEY (job_id, agent_id)
);
CREATE INDEX credential_grants_by_agent ON sealgate.credential_grants (agent_id);
