-- Makes the jobs that should be there: of blobs that miss copies and have no job under way or waiting. How many were made.
CREATE OR REPLACE FUNCTION sealgate.ask_for_repairs(p_blobs uuid[]) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_blob record;
  v_count integer := 0;
BEGIN
  FOR v_blob IN
    SELECT b.blob_id, b.replicas, b.k FROM sealgate.blobs b
    WHERE b.blob_id = ANY (p_blobs) AND sealgate.count_replicas(b.replicas, 'm') > 0
      AND NOT EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = b.blob_id)
      AND NOT EXISTS (SELECT FROM pgboss.job j WHERE j.name = 'repair' AND j.singleton_key = b.blob_id::text AND j.state <= 'active')
  LOOP
    PERFORM sealgate.enqueue_repair(v_blob.blob_id, v_blob.replicas, coalesce(v_blob.k, 1));
    v_count := v_count + 1;
  END LOOP;
  RETURN v_count;
END
$$;
