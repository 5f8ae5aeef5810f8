-- The audit log as others can check it: the hash tree over its entries, the keys that sign its heads, and records of reads.

-- What an entry is about, for who looks for it: hashes, because an index of numbers is small and this one is no writer's
-- concern: leaves are given a moment after their entries, by one process.
ALTER TABLE sealgate.audit_leaves
  ADD COLUMN bucket_id integer,
  -- First eight bytes of SHA-256 of "<bucket>/<key>".
  ADD COLUMN subject bigint,
  -- First eight bytes of SHA-256 of the blob's id as text.
  ADD COLUMN blob bigint;
CREATE INDEX audit_leaves_by_subject ON sealgate.audit_leaves (bucket_id, subject, leaf) WHERE bucket_id IS NOT NULL;
CREATE INDEX audit_leaves_by_blob ON sealgate.audit_leaves (blob, leaf) WHERE blob IS NOT NULL;
-- Changes of backends, which every report on places needs from the first one on. No writer of objects pays for it.
CREATE INDEX audit_log_backends ON sealgate.audit_log (seq) WHERE action BETWEEN 50 AND 59;

-- Hashes of complete subtrees of 256^level leaves; level 0 is audit_leaves.
CREATE TABLE sealgate.audit_nodes (
  level smallint NOT NULL CHECK (level > 0),
  index bigint NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (level, index)
);

-- Keys that sign checkpoints, heads and exports. Sealed, like credentials.secret.
CREATE TABLE sealgate.audit_keys (
  version smallint PRIMARY KEY CHECK (version > 0),
  name text NOT NULL,
  verifier text NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Signs beside its successor until then.
  retires_at timestamptz
);

-- Requests for objects, many in one row: an entry of action 124 has the digest of its lines.
CREATE TABLE sealgate.audit_requests (
  digest bytea PRIMARY KEY,
  tenant_id uuid,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  -- zlib
  lines bytea NOT NULL
);
ALTER TABLE sealgate.audit_requests ALTER COLUMN lines SET STORAGE EXTERNAL;
CREATE INDEX audit_requests_by_time ON sealgate.audit_requests (last_at);

-- Entries with their words, as their leaves have them. The time is told to the microsecond, which clients would lose.
CREATE VIEW sealgate.audit_entries AS
  SELECT a.seq, a.at AS time, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, t.value AS actor,
    a.action, a.request_id, host(a.remote_address) AS remote_address, a.bucket_id, a.key, a.version_seq, a.blob_id, a.replicas,
    a.bytes_delta, a.versions_delta, a.detail
  FROM sealgate.audit_log a JOIN sealgate.terms t ON t.id = a.actor;

-- What is in the tree stays in it.
CREATE FUNCTION sealgate.refuse_tree_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'sealgate.% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only_leaves BEFORE UPDATE OR DELETE OR TRUNCATE ON sealgate.audit_leaves
  FOR EACH STATEMENT EXECUTE FUNCTION sealgate.refuse_tree_change();
CREATE TRIGGER append_only_nodes BEFORE UPDATE OR DELETE OR TRUNCATE ON sealgate.audit_nodes
  FOR EACH STATEMENT EXECUTE FUNCTION sealgate.refuse_tree_change();
CREATE TRIGGER append_only_checkpoints BEFORE UPDATE OR DELETE OR TRUNCATE ON sealgate.audit_checkpoints
  FOR EACH STATEMENT EXECUTE FUNCTION sealgate.refuse_tree_change();
