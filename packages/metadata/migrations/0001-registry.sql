-- Who may do what, where bytes may lie, and what the names mean. Rows here are few and change seldom.

-- One row a passphrase version: what is needed to derive its key, and a canary that tells a wrong passphrase at start.
CREATE TABLE sealgate.secret_versions (
  version smallint PRIMARY KEY,
  kdf text NOT NULL,
  salt bytea NOT NULL,
  canary bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Words that many rows repeat (class names, verdicts, actors), kept once. Never updated, never deleted: caches may trust them.
CREATE TABLE sealgate.terms (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind "char" NOT NULL,
  value text COLLATE "C" NOT NULL,
  UNIQUE (kind, value)
);

CREATE TABLE sealgate.tenants (
  id uuid PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  owner_id text NOT NULL UNIQUE,
  display_name text NOT NULL,
  email text,
  namespace text COLLATE "C" NOT NULL,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'deleted')),
  default_encryption text NOT NULL CHECK (default_encryption IN ('required', 'report', 'off')),
  policy_name text,
  quota_bytes bigint CHECK (quota_bytes >= 0),
  quota_objects bigint CHECK (quota_objects >= 0),
  quota_requests_per_second integer CHECK (quota_requests_per_second > 0),
  -- Switches of the S3 dialect (default ownership, legacy signatures), parsed by the layer that reads them.
  settings jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sealgate.credentials (
  access_key_id text COLLATE "C" PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES sealgate.tenants,
  kind text NOT NULL DEFAULT 'static' CHECK (kind IN ('static', 'session')),
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
  -- Sealed: secrets at rest are AES-256-GCM under the key of secret_versions.version = the first byte.
  secret bytea NOT NULL,
  session_token bytea,
  session_policy jsonb,
  -- The credential or the OIDC subject that a session was made from.
  parent text,
  expires_at timestamptz,
  description text,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK (kind = 'static' OR expires_at IS NOT NULL)
);
CREATE INDEX credentials_by_tenant ON sealgate.credentials (tenant_id, access_key_id);
CREATE INDEX credentials_by_expiry ON sealgate.credentials (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE sealgate.keyrings (
  tenant_id uuid NOT NULL REFERENCES sealgate.tenants,
  version integer NOT NULL CHECK (version > 0),
  -- The signed document as the tenant's offline root made it: public keys only.
  document text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, version)
);

CREATE TABLE sealgate.agents (
  id text COLLATE "C" PRIMARY KEY,
  public_key bytea NOT NULL,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
  -- Fencing: a lease or a report that carries an older epoch is refused.
  epoch bigint NOT NULL DEFAULT 0,
  labels jsonb NOT NULL DEFAULT '{}',
  last_seen_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sealgate.backends (
  num smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  type text NOT NULL CHECK (type IN ('s3', 'filesystem', 'memory')),
  endpoint text NOT NULL,
  provider text NOT NULL,
  provider_region text NOT NULL,
  region text NOT NULL,
  country text NOT NULL,
  jurisdiction text NOT NULL,
  operator_jurisdiction text NOT NULL,
  certificates text[] NOT NULL,
  sla text,
  weight double precision NOT NULL CHECK (weight >= 0),
  addressing text NOT NULL CHECK (addressing IN ('path', 'virtual')),
  custody text NOT NULL CHECK (custody IN ('gateway', 'agent', 'client')),
  agent_id text REFERENCES sealgate.agents,
  -- Sealed, like credentials.secret; only for custody 'gateway'.
  secret bytea CHECK (secret IS NULL OR custody = 'gateway'),
  capabilities jsonb NOT NULL DEFAULT '{}',
  probed_at timestamptz,
  state text NOT NULL DEFAULT 'healthy'
    CHECK (state IN ('healthy', 'degraded', 'unhealthy', 'recovering', 'draining', 'retired')),
  state_reason text NOT NULL DEFAULT '',
  state_changed_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sealgate.backend_probes (
  backend smallint NOT NULL REFERENCES sealgate.backends,
  probed_at timestamptz NOT NULL,
  capabilities jsonb NOT NULL,
  PRIMARY KEY (backend, probed_at)
);

CREATE TABLE sealgate.policies (
  name text COLLATE "C" NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  document text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (name, version)
);

-- A deleted bucket keeps its row, and so its number, until the last of its bytes has left the backends.
CREATE TABLE sealgate.buckets (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES sealgate.tenants,
  namespace text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  region text NOT NULL,
  location_constraint text NOT NULL,
  encryption text NOT NULL CHECK (encryption IN ('required', 'report', 'off')),
  versioning text NOT NULL DEFAULT 'off' CHECK (versioning IN ('off', 'enabled', 'suspended')),
  object_lock boolean NOT NULL DEFAULT false CHECK (NOT object_lock OR versioning = 'enabled'),
  policy_name text,
  region_lock text[] NOT NULL DEFAULT '{}',
  default_class text,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'deleted')),
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE UNIQUE INDEX buckets_by_name ON sealgate.buckets (namespace, name) WHERE state = 'active';
CREATE INDEX buckets_by_tenant ON sealgate.buckets (tenant_id, name) WHERE state = 'active';

CREATE TABLE sealgate.bucket_configs (
  bucket_id integer NOT NULL REFERENCES sealgate.buckets,
  kind text NOT NULL,
  document text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (bucket_id, kind)
);

-- Names are not unique on a backend: a bucket that is made again after its deletion gets the same physical one.
CREATE TABLE sealgate.physical_buckets (
  bucket_id integer NOT NULL REFERENCES sealgate.buckets,
  backend smallint NOT NULL REFERENCES sealgate.backends,
  name text NOT NULL,
  counter integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (bucket_id, backend)
);
