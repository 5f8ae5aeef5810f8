-- A copy that the sweep is about to remove, or has just removed, becomes no replica. mark_replica asks before; this is the
-- net under every other function that adds a place. A serialization failure, because another try later will do.
CREATE OR REPLACE FUNCTION sealgate.refuse_stray() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM sealgate.strays s WHERE s.blob_id = NEW.blob_id
      AND sealgate.names_place(NEW.replicas, s.backend, s.shard) AND NOT sealgate.names_place(OLD.replicas, s.backend, s.shard))
    AND NOT EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = NEW.blob_id) THEN
    RAISE EXCEPTION 'sealgate: a copy of blob % is being removed from there', NEW.blob_id USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN NEW;
END
$$;
