-- Remembers that backends are to hear of a version's retention.
CREATE OR REPLACE FUNCTION sealgate.note_lock(p_bucket integer, p_key text, p_seq bigint) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO sealgate.lock_pushes (seq, due_at, bucket_id, key) VALUES (p_seq, now(), p_bucket, p_key)
  ON CONFLICT (seq) DO UPDATE SET due_at = excluded.due_at;
$$;
