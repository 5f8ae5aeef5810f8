-- The end of a tenant: what is removed, and what its removal can be proved by.

ALTER TABLE sealgate.tenants DROP CONSTRAINT tenants_state_check,
  ADD CONSTRAINT tenants_state_check CHECK (state IN ('active', 'suspended', 'deleting', 'deleted'));

-- One row a tenant that is being or was deleted. It stays: the report is made from it.
CREATE TABLE sealgate.erasures (
  tenant_id uuid PRIMARY KEY REFERENCES sealgate.tenants,
  state text NOT NULL DEFAULT 'removing' CHECK (state IN ('removing', 'settling', 'done')),
  begun_at timestamptz NOT NULL DEFAULT now(),
  removed_at timestamptz,
  done_at timestamptz,
  -- Entries of the log that tell of these three.
  begun_seq bigint NOT NULL,
  removed_seq bigint,
  done_seq bigint,
  -- Backends whose confirmation an operator does without.
  without smallint[] NOT NULL DEFAULT '{}',
  -- Buckets, versions and bytes as the tenant had them in the beginning.
  found jsonb NOT NULL,
  -- What the newest of the entries vouches for, in canonical JSON: it has the SHA-256 of it.
  report text,
  -- Why the last step could not go on; NULL: it could.
  trouble text
);

-- What backends confirmed: appended by whoever removed something, added up by the erasure (one row a backend then).
CREATE TABLE sealgate.erasure_removals (
  tenant_id uuid NOT NULL,
  backend smallint NOT NULL,
  -- A physical bucket that was removed; NULL: copies and shards.
  bucket text COLLATE "C",
  -- Of published blobs; attempts that were given up may never have been there and count apart.
  copies bigint NOT NULL,
  attempts bigint NOT NULL,
  bytes numeric NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL
);
CREATE INDEX erasure_removals_by_tenant ON sealgate.erasure_removals (tenant_id, backend);

-- What object lock keeps from being removed is looked for before a tenant is deleted. Small: locked versions only.
CREATE INDEX objects_locked ON sealgate.objects (bucket_id) WHERE legal_hold OR retain_until IS NOT NULL;
CREATE INDEX history_locked ON sealgate.history (bucket_id) WHERE legal_hold OR retain_until IS NOT NULL;
