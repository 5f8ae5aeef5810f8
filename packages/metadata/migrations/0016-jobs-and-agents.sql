-- Work that somebody asked for, who does work, and who holds what of it.

-- Jobs that people make. What is to be done stands in the rows of the blobs (missing copies) and in the repair queue; a
-- row here says who asked for it and how far it is. Repairs that the class owes have no row: the queue is their list.
CREATE TABLE sealgate.jobs (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  version_seq bigint NOT NULL,
  tenant_id uuid NOT NULL REFERENCES sealgate.tenants,
  bucket_id integer NOT NULL,
  priority smallint NOT NULL,
  source smallint,
  -- Tries that ended, of all its blobs.
  attempts integer NOT NULL DEFAULT 0,
  encryption_required boolean NOT NULL,
  kind text NOT NULL CHECK (kind IN ('replicate')),
  state text NOT NULL CHECK (state IN ('waiting', 'done', 'failed', 'cancelled')),
  key text COLLATE "C" NOT NULL,
  version_id text NOT NULL,
  policy_class text NOT NULL,
  client_token text COLLATE "C",
  last_error text,
  targets smallint[] NOT NULL,
  -- Targets that held nothing of the version before: what a cancellation takes back.
  added smallint[] NOT NULL,
  blobs uuid[] NOT NULL,
  UNIQUE (tenant_id, client_token)
);
CREATE INDEX jobs_by_time ON sealgate.jobs (created_at, id);
CREATE INDEX jobs_waiting ON sealgate.jobs USING gin (blobs) WHERE state = 'waiting';
CREATE INDEX jobs_of_version ON sealgate.jobs (bucket_id, version_seq) WHERE state = 'waiting';
CREATE INDEX jobs_ended ON sealgate.jobs (ended_at) WHERE ended_at IS NOT NULL;

-- Who works at a repair, until when. The token is the fence: a result that names another one changes nothing.
CREATE TABLE sealgate.job_leases (
  job_id uuid PRIMARY KEY,
  blob_id uuid NOT NULL,
  token bigint NOT NULL,
  -- Of the agent when it took the job; 0 for a process that has the database itself.
  epoch bigint NOT NULL,
  leased_until timestamptz NOT NULL,
  holder text COLLATE "C" NOT NULL
);
CREATE INDEX job_leases_by_blob ON sealgate.job_leases (blob_id);
CREATE SEQUENCE sealgate.lease_tokens;

ALTER TABLE sealgate.agents DROP CONSTRAINT agents_state_check;
ALTER TABLE sealgate.agents
  ALTER COLUMN public_key DROP NOT NULL,
  ADD CONSTRAINT agents_state_check CHECK (state IN ('enrolling', 'active', 'disabled')),
  -- X25519: what credentials for one job are sealed to.
  ADD COLUMN encryption_key bytea,
  -- SHA-256 of the one-time enrolment token, while it is good.
  ADD COLUMN enrolment_hash bytea,
  ADD COLUMN enrolment_expires_at timestamptz,
  ADD COLUMN kinds text[] NOT NULL DEFAULT '{repair,replicate}',
  -- Backends that it may work with; NULL: all that it holds credentials of.
  ADD COLUMN backends text[],
  -- What it said that it holds, and how it finds them: backend id to {ok, latencyMs}.
  ADD COLUMN reported jsonb NOT NULL DEFAULT '{}';

-- Short-lived proofs of who an agent is. Only their hashes are here.
CREATE TABLE sealgate.agent_tokens (
  hash bytea PRIMARY KEY,
  agent_id text COLLATE "C" NOT NULL REFERENCES sealgate.agents ON DELETE CASCADE,
  epoch bigint NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX agent_tokens_by_expiry ON sealgate.agent_tokens (expires_at);

-- Signed assertions that were used: none is good twice.
CREATE TABLE sealgate.agent_assertions (
  agent_id text COLLATE "C" NOT NULL REFERENCES sealgate.agents ON DELETE CASCADE,
  jti text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (agent_id, jti)
);

ALTER TABLE sealgate.backends
  ADD COLUMN background_bytes_per_second bigint CHECK (background_bytes_per_second > 0),
  ADD COLUMN background_concurrency smallint CHECK (background_concurrency > 0);
