-- Temporary credentials: the roles and identity providers they are made with, and what each one was made from.

CREATE TABLE sealgate.oidc_providers (
  name text COLLATE "C" PRIMARY KEY,
  issuer text COLLATE "C" NOT NULL UNIQUE,
  audiences text[] NOT NULL CHECK (cardinality(audiences) > 0),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sealgate.roles (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES sealgate.tenants,
  name text COLLATE "C" NOT NULL,
  -- Who may take it, parsed by the layer that reads it.
  trust jsonb NOT NULL,
  policy text NOT NULL,
  session_seconds_max integer NOT NULL CHECK (session_seconds_max BETWEEN 900 AND 43200),
  description text,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, name)
);

-- A session goes with what it was made from: the reference takes it along. Its own policy is a second bound; the first
-- is that of the credential or role, read with it. The old column named both kinds of origin in one text and was never used.
ALTER TABLE sealgate.credentials
  DROP COLUMN parent,
  ADD COLUMN parent_key text COLLATE "C" REFERENCES sealgate.credentials ON DELETE CASCADE,
  ADD COLUMN role_id uuid REFERENCES sealgate.roles ON DELETE CASCADE,
  ADD COLUMN session_name text,
  ADD CONSTRAINT credentials_origin CHECK (num_nonnulls(parent_key, role_id) = CASE kind WHEN 'session' THEN 1 ELSE 0 END),
  ADD CONSTRAINT credentials_token CHECK ((kind = 'session') = (session_token IS NOT NULL)),
  ADD CONSTRAINT credentials_session_name CHECK ((role_id IS NULL) = (session_name IS NULL));
CREATE INDEX credentials_by_parent ON sealgate.credentials (parent_key) WHERE parent_key IS NOT NULL;
CREATE INDEX credentials_by_role ON sealgate.credentials (role_id) WHERE role_id IS NOT NULL;
-- Counts what lives; the sweep of what ended reads credentials_by_expiry.
CREATE INDEX credentials_live_sessions ON sealgate.credentials (tenant_id, expires_at) WHERE kind = 'session';
