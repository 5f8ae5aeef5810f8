-- Owes copies of blobs to backends: each gets an entry that is missing, where it has none, and a place in the queue. The
-- caller has locked the blobs. Targets that held nothing before are returned.
CREATE OR REPLACE FUNCTION sealgate.owe_replicas(p_blobs uuid[], p_targets smallint[], p_priority smallint) RETURNS smallint[]
LANGUAGE plpgsql AS $$
DECLARE
  v_blob record;
  v_new bytea;
  v_place bytea;
  v_owed boolean;
  v_target smallint;
  v_known smallint[] := '{}';
BEGIN
  FOR v_blob IN SELECT b.blob_id, b.replicas FROM sealgate.blobs b WHERE b.blob_id = ANY (p_blobs) ORDER BY b.blob_id LOOP
    v_new := v_blob.replicas;
    v_owed := false;
    FOREACH v_target IN ARRAY p_targets LOOP
      v_place := substring(int4send(v_target) FROM 3 FOR 2) || '\x00'::bytea;
      IF octet_length(sealgate.drop_replica(v_new, v_place)) = octet_length(v_new) THEN
        v_new := v_new || v_place || 'm'::bytea;
        v_owed := true;
      ELSE
        v_known := v_known || v_target;
        v_owed := v_owed OR octet_length(sealgate.set_replica(v_new, v_place || 's'::bytea)) > 0
          AND sealgate.set_replica(v_new, v_place || 's'::bytea) <> v_new;
      END IF;
    END LOOP;
    IF v_new <> v_blob.replicas THEN UPDATE sealgate.blobs b SET replicas = v_new WHERE b.blob_id = v_blob.blob_id; END IF;
    IF v_owed THEN PERFORM sealgate.enqueue_blob_job(v_blob.blob_id, 'replicate', p_priority); END IF;
  END LOOP;
  RETURN ARRAY(SELECT t FROM unnest(p_targets) t WHERE t <> ALL (v_known));
END
$$;
