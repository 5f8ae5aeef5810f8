-- Recovery without us: public keys that manifests are sealed to, and manifests that are to be written anew.

CREATE TABLE sealgate.recovery_keys (
  tenant_id uuid NOT NULL REFERENCES sealgate.tenants,
  key_id text COLLATE "C" NOT NULL,
  -- Public members only.
  jwk text NOT NULL,
  label text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, key_id)
);

-- The number is that of the request's audit entry: it tells a later request from the one that is being worked on.
CREATE TABLE sealgate.recovery_requests (
  bucket_id integer PRIMARY KEY,
  number bigint NOT NULL
);
