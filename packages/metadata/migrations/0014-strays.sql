-- What the sweep for orphans found, and what keeps it from finding anything.

-- Copies of blobs where no row names them: on a backend, or in a bucket of it, that is not theirs. Claimed here before
-- anything is removed, so that nobody turns such a copy into a stored replica meanwhile. A row stays for a while after
-- the removal (removed_at), against those who verified the copy just before.
CREATE TABLE sealgate.strays (
  due_at timestamptz NOT NULL,
  removed_at timestamptz,
  blob_id uuid NOT NULL,
  backend smallint NOT NULL,
  shard smallint NOT NULL,
  bucket text COLLATE "C" NOT NULL,
  PRIMARY KEY (blob_id, backend, shard, bucket)
);
CREATE INDEX strays_due ON sealgate.strays (due_at) WHERE removed_at IS NULL;
CREATE INDEX strays_removed ON sealgate.strays (removed_at) WHERE removed_at IS NOT NULL;

-- Background work that may not go on until an operator says so. A restored database is held: it does not know the blobs
-- that were written after its backup, and would take them for orphans.
CREATE TABLE sealgate.holds (
  name text COLLATE "C" PRIMARY KEY,
  reason text NOT NULL,
  since timestamptz NOT NULL DEFAULT now()
);

-- The sweep walks the buckets of one backend.
CREATE INDEX physical_buckets_by_name ON sealgate.physical_buckets (backend, name COLLATE "C");
-- The vacuum looks for the buckets that have been gone for long.
CREATE INDEX buckets_deleted ON sealgate.buckets (deleted_at) WHERE state = 'deleted';

-- The body is in functions/refuse-stray.sql. Whatever names a further place of a blob passes here, whichever function it is.
CREATE FUNCTION sealgate.refuse_stray() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER refuse_stray BEFORE UPDATE OF replicas ON sealgate.blobs
  FOR EACH ROW WHEN (octet_length(NEW.replicas) > octet_length(OLD.replicas)) EXECUTE FUNCTION sealgate.refuse_stray();
