-- What the maintenance of placements needs: copies that leave, and the moment from which earlier judgements may be wrong.
-- In blobs.replicas a fourth letter appears: l leaving (readable, counted by nobody, removed once the others are stored).

-- The residency that the object asked for when it was written (its tag, as it was). NULL: its bucket's lock alone.
ALTER TABLE sealgate.blobs ADD COLUMN residency text;

-- Single copies of blobs that stay: each row bars its place from being used again until the bytes are gone for sure.
CREATE TABLE sealgate.removals (
  blob_id uuid NOT NULL,
  due_at timestamptz NOT NULL,
  bucket_id integer NOT NULL,
  -- Copies that must be stored elsewhere, and nothing owed, before this one goes.
  needed smallint NOT NULL,
  -- w waits, l leased, g gone: barred until due_at, when no deletion that was sent for it can be under way any more
  state "char" NOT NULL DEFAULT 'w' CHECK (state IN ('w', 'l', 'g')),
  -- Backend (2 bytes) and shard (1 byte), as in blobs.replicas.
  place bytea NOT NULL,
  PRIMARY KEY (blob_id, place)
);
CREATE INDEX removals_due ON sealgate.removals (due_at);

-- Grows with every change by which a placement that was right may be wrong: facts and states of backends, policies, locks
-- of buckets. A row and not a sequence, so that nobody sees it grow before the change itself can be seen.
CREATE TABLE sealgate.placement_epoch (epoch bigint NOT NULL);
INSERT INTO sealgate.placement_epoch VALUES (1);

CREATE FUNCTION sealgate.next_placement_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sealgate.placement_epoch SET epoch = epoch + 1;
  RETURN NULL;
END
$$;
CREATE TRIGGER placement_backend_made AFTER INSERT ON sealgate.backends
  FOR EACH STATEMENT EXECUTE FUNCTION sealgate.next_placement_epoch();
CREATE TRIGGER placement_backend_changed AFTER UPDATE ON sealgate.backends FOR EACH ROW WHEN (
  (OLD.provider, OLD.region, OLD.country, OLD.jurisdiction, OLD.operator_jurisdiction, OLD.certificates, OLD.capabilities, OLD.state)
  IS DISTINCT FROM
  (NEW.provider, NEW.region, NEW.country, NEW.jurisdiction, NEW.operator_jurisdiction, NEW.certificates, NEW.capabilities, NEW.state))
  EXECUTE FUNCTION sealgate.next_placement_epoch();
CREATE TRIGGER placement_policy_applied AFTER INSERT ON sealgate.policies
  FOR EACH STATEMENT EXECUTE FUNCTION sealgate.next_placement_epoch();
CREATE TRIGGER placement_bucket_changed AFTER UPDATE ON sealgate.buckets FOR EACH ROW
  WHEN ((OLD.policy_name, OLD.region_lock) IS DISTINCT FROM (NEW.policy_name, NEW.region_lock))
  EXECUTE FUNCTION sealgate.next_placement_epoch();
CREATE TRIGGER placement_tenant_changed AFTER UPDATE ON sealgate.tenants FOR EACH ROW
  WHEN (OLD.policy_name IS DISTINCT FROM NEW.policy_name)
  EXECUTE FUNCTION sealgate.next_placement_epoch();

-- From the bytes to the version that is retained, so that a new copy hears of the retention. Small: locked versions only,
-- and a row a part.
CREATE INDEX objects_retained ON sealgate.objects ((coalesce(data_blob, blob_id))) WHERE retain_until IS NOT NULL AND parts = 0;
CREATE INDEX history_retained ON sealgate.history ((coalesce(data_blob, blob_id))) WHERE retain_until IS NOT NULL AND parts = 0;
CREATE INDEX parts_by_blob ON sealgate.parts (blob_id);
