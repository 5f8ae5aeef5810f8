-- The operator's keys, under which the data keys of encrypted objects are wrapped (objects.sse). Sealed like every other
-- secret, so that a new passphrase means a few rows sealed again here and not a row for each object.
CREATE TABLE sealgate.object_keys (
  version smallint PRIMARY KEY,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- How a version is encrypted: nearly every row has it, so it is bytes and no document. Nothing was encrypted before.
ALTER TABLE sealgate.objects ALTER COLUMN sse TYPE bytea USING NULL;
ALTER TABLE sealgate.history ALTER COLUMN sse TYPE bytea USING NULL;
