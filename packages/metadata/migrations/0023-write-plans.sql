-- Uploads that clients do themselves, straight to backends. A row stands before the first byte can land: what is not
-- committed by its end goes to the deletion queue.
CREATE TABLE sealgate.write_plans (
  blob_id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  -- Of the commit; all NULL while it is open.
  committed_at timestamptz,
  committed_seq bigint,
  job_id uuid,
  bytes bigint NOT NULL CHECK (bytes >= 0),
  bucket_id integer NOT NULL,
  class integer NOT NULL,
  is_null boolean,
  versioned boolean,
  key text COLLATE "C" NOT NULL,
  tags jsonb,
  md5 bytea,
  sha256 bytea,
  -- Where bytes may land, as in blobs.
  replicas bytea NOT NULL
);
CREATE INDEX write_plans_by_end ON sealgate.write_plans (expires_at);
CREATE INDEX write_plans_open ON sealgate.write_plans (bucket_id) WHERE committed_seq IS NULL;
