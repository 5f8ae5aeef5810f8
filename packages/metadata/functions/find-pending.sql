-- Looks once at every blob, in the order of their ids, as soon as its copies should all have come in, and notes those
-- where one is still pending. Reading each row once costs less than writing and removing a note with every version whose
-- last copy comes a moment late, which is most of them. One process at a time; the place is durable.
CREATE OR REPLACE FUNCTION sealgate.find_pending(p_limit integer, p_pending_ms bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_from uuid;
  v_blob record;
  v_until uuid := (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - p_pending_ms), 12, '0') || repeat('0', 20))::uuid;
BEGIN
  SELECT (c.position #>> '{}')::uuid INTO v_from FROM sealgate.cursors c WHERE c.name = 'pending-copies' FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN; END IF;
  FOR v_blob IN
    SELECT b.blob_id, b.replicas, b.bytes FROM sealgate.blobs b
    WHERE b.blob_id > v_from AND b.blob_id < v_until ORDER BY b.blob_id LIMIT p_limit
  LOOP
    v_from := v_blob.blob_id;
    FOR i IN 0 .. octet_length(v_blob.replicas) / 4 - 1 LOOP
      IF get_byte(v_blob.replicas, i * 4 + 3) = ascii('p') THEN
        INSERT INTO sealgate.owed (blob_id, due_at) VALUES (v_blob.blob_id, now() + v_blob.bytes / 4194 * interval '1 millisecond')
        ON CONFLICT DO NOTHING;
        EXIT;
      END IF;
    END LOOP;
  END LOOP;
  UPDATE sealgate.cursors c SET position = to_jsonb(v_from), updated_at = now()
  WHERE c.name = 'pending-copies' AND c.position #>> '{}' <> v_from::text;
END
$$;
