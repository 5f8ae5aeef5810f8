-- A copy came to a further place: should its version be retained, backends are to hear of that (see note_lock).
CREATE OR REPLACE FUNCTION sealgate.note_locks_of_blob(p_blob uuid, p_bucket integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM sealgate.buckets b WHERE b.id = p_bucket AND b.object_lock) THEN RETURN; END IF;
  PERFORM sealgate.note_lock(o.bucket_id, o.key, o.seq) FROM sealgate.objects o
  WHERE coalesce(o.data_blob, o.blob_id) = p_blob AND o.retain_until IS NOT NULL AND o.parts = 0;
  PERFORM sealgate.note_lock(h.bucket_id, h.key, h.seq) FROM sealgate.history h
  WHERE coalesce(h.data_blob, h.blob_id) = p_blob AND h.retain_until IS NOT NULL AND h.parts = 0;
  -- Of a part: should its version have no retention, the queue finds that out.
  PERFORM sealgate.note_lock(u.bucket_id, u.key, u.result_seq) FROM sealgate.parts p JOIN sealgate.uploads u ON u.num = p.upload
  WHERE p.blob_id = p_blob AND u.state = 'c';
END
$$;
