-- Whether a worker can bring a blob nearer to its class: it writes a backend that a copy is owed to, and reads enough good
-- ones (one copy, k shards). Of a blob that has not enough good ones anywhere nobody can read more than there are.
CREATE OR REPLACE FUNCTION sealgate.can_repair(p_blob uuid, p_writes smallint[], p_reads smallint[]) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_replicas bytea;
  v_need integer;
  v_backend smallint;
  v_owed boolean := false;
  v_mine boolean := false;
  v_stored integer := 0;
  v_read integer := 0;
BEGIN
  SELECT b.replicas, coalesce(b.k, 1) INTO v_replicas, v_need FROM sealgate.blobs b WHERE b.blob_id = p_blob
    AND NOT EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = p_blob);
  -- Nothing is left to do: whoever comes may say so.
  IF NOT FOUND THEN RETURN true; END IF;
  FOR i IN 0 .. octet_length(v_replicas) / 4 - 1 LOOP
    v_backend := get_byte(v_replicas, i * 4) * 256 + get_byte(v_replicas, i * 4 + 1);
    IF get_byte(v_replicas, i * 4 + 3) IN (ascii('s'), ascii('l')) THEN
      v_stored := v_stored + 1;
      IF v_backend = ANY (p_reads) THEN v_read := v_read + 1; END IF;
    ELSIF get_byte(v_replicas, i * 4 + 3) = ascii('m') THEN
      v_owed := true;
      v_mine := v_mine OR v_backend = ANY (p_writes);
    END IF;
  END LOOP;
  RETURN NOT v_owed OR (v_mine AND (v_read >= v_need OR v_stored < v_need));
END
$$;
