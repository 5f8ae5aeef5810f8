-- Long-running work and what it remembers between steps.

-- Durable positions of range work (reconciler, scrub, usage folder), one row each.
CREATE TABLE sealgate.cursors (
  name text PRIMARY KEY,
  position jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- How far find_pending has come: a blob id, and so a time.
INSERT INTO sealgate.cursors (name, position) VALUES ('pending-copies', '"00000000-0000-0000-0000-000000000000"');

-- Sanitised discovery results.
CREATE TABLE sealgate.snapshots (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES sealgate.tenants,
  provider text NOT NULL,
  summary jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX snapshots_by_tenant ON sealgate.snapshots (tenant_id, created_at);
CREATE TABLE sealgate.snapshot_buckets (
  snapshot_id uuid NOT NULL REFERENCES sealgate.snapshots ON DELETE CASCADE,
  name text COLLATE "C" NOT NULL,
  facts jsonb NOT NULL,
  PRIMARY KEY (snapshot_id, name)
);
CREATE TABLE sealgate.snapshot_files (
  snapshot_id uuid NOT NULL,
  bucket text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  bytes bigint NOT NULL,
  etag text,
  modified_at timestamptz,
  PRIMARY KEY (snapshot_id, bucket, key),
  FOREIGN KEY (snapshot_id, bucket) REFERENCES sealgate.snapshot_buckets ON DELETE CASCADE
);

-- Imports go range by range: one cursor an import, no row an object.
CREATE TABLE sealgate.imports (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES sealgate.tenants,
  bucket_id integer NOT NULL REFERENCES sealgate.buckets,
  snapshot_id uuid REFERENCES sealgate.snapshots,
  agent_id text REFERENCES sealgate.agents,
  source jsonb NOT NULL,
  -- Credentials sealed to the agent's key: the gateway relays them and cannot open them.
  sealed_credentials bytea,
  state text NOT NULL CHECK (state IN ('pending', 'copying', 'verifying', 'done', 'failed', 'cancelled')),
  position text,
  objects_seen bigint NOT NULL DEFAULT 0,
  objects_copied bigint NOT NULL DEFAULT 0,
  bytes_copied bigint NOT NULL DEFAULT 0,
  last_error text,
  proof jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX imports_by_tenant ON sealgate.imports (tenant_id, created_at);

-- Events for webhooks, written in the transaction of the change that they tell of.
CREATE TABLE sealgate.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  due_at timestamptz NOT NULL DEFAULT now(),
  bucket_id integer NOT NULL,
  attempts smallint NOT NULL DEFAULT 0,
  target text NOT NULL,
  event jsonb NOT NULL
);
CREATE INDEX outbox_due ON sealgate.outbox (due_at);
