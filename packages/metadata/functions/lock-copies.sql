-- Locks the blobs of a version, in one order, and says what keeps copies of them from being owed to backends.
CREATE OR REPLACE FUNCTION sealgate.lock_copies(p_blobs uuid[], p_targets smallint[], p_source smallint, p_replicas_max integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_blob record;
  v_found integer := 0;
  v_entry bytea;
BEGIN
  v_entry := substring(int4send(p_source) FROM 3 FOR 2) || '\x0073'::bytea;
  FOR v_blob IN
    SELECT b.blob_id, b.replicas, b.k FROM sealgate.blobs b WHERE b.blob_id = ANY (p_blobs) ORDER BY b.blob_id FOR UPDATE
  LOOP
    v_found := v_found + 1;
    IF EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = v_blob.blob_id) THEN RETURN 'NoSuchVersion'; END IF;
    -- A place that is being emptied takes nothing until it is empty.
    IF EXISTS (SELECT FROM unnest(p_targets) t WHERE sealgate.replica_state(v_blob.replicas, substring(int4send(t) FROM 3 FOR 2) || '\x00'::bytea) = 'l'
      OR EXISTS (SELECT FROM sealgate.removals r WHERE r.blob_id = v_blob.blob_id AND r.place = substring(int4send(t) FROM 3 FOR 2) || '\x00'::bytea))
    THEN RETURN 'BeingEmptied'; END IF;
    IF v_blob.k IS NOT NULL THEN RETURN 'NotWholeCopies'; END IF;
    IF p_source IS NOT NULL AND sealgate.set_replica(v_blob.replicas, v_entry) <> v_blob.replicas THEN RETURN 'NotAtSource'; END IF;
    IF octet_length(v_blob.replicas) / 4 + array_length(p_targets, 1) > p_replicas_max THEN RETURN 'TooManyCopies'; END IF;
  END LOOP;
  RETURN CASE WHEN v_found = array_length(p_blobs, 1) THEN 'ok' ELSE 'NoSuchVersion' END;
END
$$;
