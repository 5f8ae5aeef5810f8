-- Keeps what a message about a change will tell, when the change's bucket has notifications. Runs behind every entry
-- about an object, in its transaction: for all other buckets it is one look at their row, and a plain write, which has
-- looked at that already, does not come here (audit_log.tell).
CREATE OR REPLACE FUNCTION sealgate.note_event() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  v_versioning text;
  v_name text;
  v_bytes bigint;
  v_etag bytea;
  v_null boolean;
  v_version bigint := coalesce(NEW.version_seq, NEW.seq);
  v_tags jsonb;
  v_blob uuid;
  v_lifecycle boolean := false;
BEGIN
  SELECT b.versioning INTO v_versioning FROM sealgate.buckets b WHERE b.id = NEW.bucket_id AND b.notifying;
  IF NOT FOUND THEN RETURN NULL; END IF;
  SELECT v.bytes, v.etag, v.is_null, v.tags, v.blob_id INTO v_bytes, v_etag, v_null, v_tags, v_blob FROM (
    SELECT o.bytes, o.etag, o.is_null, o.tags, o.blob_id FROM sealgate.objects o
    WHERE o.bucket_id = NEW.bucket_id AND o.key = NEW.key AND o.seq = v_version
    UNION ALL
    SELECT h.bytes, h.etag, h.is_null, h.tags, h.blob_id FROM sealgate.history h
    WHERE h.bucket_id = NEW.bucket_id AND h.key = NEW.key AND h.seq = v_version) v;
  IF NEW.action IN (2, 3, 12) THEN
    v_lifecycle := EXISTS (SELECT FROM sealgate.terms t WHERE t.id = NEW.actor AND t.value = 'system:lifecycle');
  END IF;
  v_name := CASE NEW.action
    WHEN 1 THEN 'ObjectCreated:' || CASE
      WHEN NEW.detail ? 'uploadId' THEN 'CompleteMultipartUpload'
      ELSE coalesce(initcap(NEW.detail ->> 'cause'), 'Put') END
    WHEN 2 THEN CASE WHEN v_lifecycle THEN 'LifecycleExpiration:Delete' ELSE 'ObjectRemoved:Delete' END
    WHEN 3 THEN CASE WHEN v_lifecycle THEN 'LifecycleExpiration:' ELSE 'ObjectRemoved:' END || 'DeleteMarkerCreated'
    WHEN 8 THEN CASE WHEN NEW.detail ? 'acl' THEN 'ObjectAcl:Put' END
    WHEN 9 THEN 'ObjectTagging:' || CASE WHEN v_tags IS NULL THEN 'Delete' ELSE 'Put' END
    -- Segments move one by one; the entry that has a delta says that the version has moved.
    WHEN 12 THEN CASE WHEN v_lifecycle AND NEW.bytes_delta IS NOT NULL THEN 'LifecycleTransition' END
    END;
  IF NEW.action IN (2, 3) THEN
    v_bytes := NULL; v_etag := NULL;
    -- A version that is gone tells no more whether it was the null one, so the entry does.
    IF NEW.action = 2 THEN v_null := coalesce((NEW.detail ->> 'null')::boolean, false); END IF;
  END IF;
  IF v_name IS NULL THEN RETURN NULL; END IF;
  INSERT INTO sealgate.events (seq, at, bytes, version_seq, actor, bucket_id, is_null, blob_id, name, key, etag, request_id,
    remote_address)
  VALUES (NEW.seq, NEW.at, v_bytes, v_version, NEW.actor, NEW.bucket_id, CASE WHEN v_versioning <> 'off' THEN v_null END,
    coalesce(v_blob, NEW.blob_id), v_name, NEW.key, v_etag, NEW.request_id, NEW.remote_address);
  RETURN NULL;
END
$$;
