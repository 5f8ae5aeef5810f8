-- What happened, in order. An entry's number is its change's: an object version has the number of its audit entry.
-- Numbers are handed out before commit, so a reader of the newest ones waits until no older transaction is left.

-- Append-only. The leaf of an entry in the hash tree is computed from these columns alone.
CREATE TABLE sealgate.audit_log (
  seq bigint PRIMARY KEY,
  at timestamptz NOT NULL,
  -- What the change did to the bucket's bytes; NULL when it was about no object.
  bytes_delta bigint,
  -- The version that the entry is about, when it has another number.
  version_seq bigint,
  -- terms of kind 'a'
  actor integer NOT NULL,
  bucket_id integer,
  action smallint NOT NULL,
  versions_delta smallint,
  blob_id uuid,
  -- As in blobs: the replicas that the entry is about.
  replicas bytea,
  key text COLLATE "C",
  request_id text NOT NULL,
  remote_address inet,
  -- What a registry change was about. Never a secret.
  detail jsonb
);

CREATE FUNCTION sealgate.refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'sealgate.audit_log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sealgate.audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION sealgate.refuse_audit_change();
REVOKE UPDATE, DELETE, TRUNCATE ON sealgate.audit_log FROM PUBLIC;

-- The feed for caches, notifications and usage: the entries about objects, in the order of their numbers. A view and no
-- table of its own, because each entry of either is an entry of the other: see docs/adr.
CREATE VIEW sealgate.change_log AS
  SELECT a.seq, a.at, a.bucket_id, a.key, a.action, a.bytes_delta, a.versions_delta
  FROM sealgate.audit_log a
  WHERE a.bytes_delta IS NOT NULL;

-- The hash tree over the audit log (RFC 6962): the sequencer gives each entry its leaf.
CREATE TABLE sealgate.audit_leaves (
  leaf bigint PRIMARY KEY,
  seq bigint NOT NULL UNIQUE,
  hash bytea NOT NULL
);
CREATE TABLE sealgate.audit_checkpoints (
  tree_size bigint PRIMARY KEY,
  root bytea NOT NULL,
  -- The signed note (C2SP tlog-checkpoint).
  note text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Usage: gateways append, a folder adds up. Nobody updates a counter on the request path.
CREATE TABLE sealgate.usage_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hour timestamptz NOT NULL,
  tenant_id uuid NOT NULL,
  bucket_id integer,
  backend smallint,
  class integer,
  metric "char" NOT NULL,
  amount bigint NOT NULL
);
CREATE TABLE sealgate.usage_hourly (
  hour timestamptz NOT NULL,
  tenant_id uuid NOT NULL,
  bucket_id integer NOT NULL DEFAULT 0,
  backend smallint NOT NULL DEFAULT 0,
  class integer NOT NULL DEFAULT 0,
  metric "char" NOT NULL,
  amount numeric NOT NULL,
  PRIMARY KEY (tenant_id, hour, bucket_id, backend, class, metric)
);
-- Versions and bytes of each bucket, folded from change_log up to the number in cursors.
CREATE TABLE sealgate.bucket_usage (
  bucket_id integer PRIMARY KEY,
  versions bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0
);
