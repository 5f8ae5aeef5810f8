-- Versions whose retention backends with object lock are to hear of: written in the transaction that sets it, gone when
-- they have. One row a version; a later change of its retention takes the place of an earlier one.
CREATE TABLE sealgate.lock_pushes (
  seq bigint PRIMARY KEY,
  due_at timestamptz NOT NULL,
  bucket_id integer NOT NULL,
  key text COLLATE "C" NOT NULL
);
CREATE INDEX lock_pushes_due ON sealgate.lock_pushes (due_at);
