-- Makes the repair job of a blob, in the caller's transaction. One job a blob at a time (the queue's policy is
-- `exclusive`, keyed by blob). The nearer the blob is to loss, the higher the priority; a job that waits already becomes
-- as urgent as the blob is now.
CREATE OR REPLACE FUNCTION sealgate.enqueue_repair(p_blob uuid, p_replicas bytea, p_need integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_stored integer := 0;
  v_priority integer;
BEGIN
  FOR i IN 0 .. octet_length(p_replicas) / 4 - 1 LOOP
    IF get_byte(p_replicas, i * 4 + 3) IN (ascii('s'), ascii('l')) THEN v_stored := v_stored + 1; END IF;
  END LOOP;
  v_priority := greatest(0, 100 - 10 * greatest(0, v_stored - p_need));
  PERFORM sealgate.enqueue_blob_job(p_blob, 'repair', v_priority);
END
$$;
