-- Whether a bucket has notifications, where writers of its objects look anyway: asking its documents for every change cost
-- a PUT as much as its entry in the log.
ALTER TABLE sealgate.buckets ADD COLUMN notifying boolean NOT NULL DEFAULT false;
UPDATE sealgate.buckets b SET notifying = true
WHERE EXISTS (SELECT FROM sealgate.bucket_configs g WHERE g.bucket_id = b.id AND g.kind = 'notification');

CREATE FUNCTION sealgate.note_notifying() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sealgate.buckets b SET notifying = TG_OP = 'INSERT' WHERE b.id = coalesce(NEW.bucket_id, OLD.bucket_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER note_notifying_set AFTER INSERT ON sealgate.bucket_configs
  FOR EACH ROW WHEN (NEW.kind = 'notification') EXECUTE FUNCTION sealgate.note_notifying();
CREATE TRIGGER note_notifying_gone AFTER DELETE ON sealgate.bucket_configs
  FOR EACH ROW WHEN (OLD.kind = 'notification') EXECUTE FUNCTION sealgate.note_notifying();

-- Whether the entry may be one to tell of. Who does not say so lets note_event find out; who knows that the bucket has no
-- notifications says NULL, which takes no byte and no time. No part of an entry's hash.
ALTER TABLE sealgate.audit_log ADD COLUMN tell boolean DEFAULT true;
DROP TRIGGER note_event ON sealgate.audit_log;
CREATE TRIGGER note_event AFTER INSERT ON sealgate.audit_log
  FOR EACH ROW WHEN (NEW.tell AND NEW.key IS NOT NULL AND NEW.action NOT IN (4, 5, 6)) EXECUTE FUNCTION sealgate.note_event();
