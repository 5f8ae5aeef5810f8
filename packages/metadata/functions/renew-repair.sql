-- After a repair job has ended: makes a new one when the blob still misses copies. A report that came in while the job
-- ran could not make a job of its own, and a worker may not have been able to write to every backend.
CREATE OR REPLACE FUNCTION sealgate.renew_repair(p_job uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_blob sealgate.blobs;
  v_kind text;
BEGIN
  SELECT b.* INTO v_blob FROM pgboss.job j JOIN sealgate.blobs b ON b.blob_id = (j.data ->> 'blobId')::uuid
  WHERE j.name = 'repair' AND j.id = p_job
    AND NOT EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = b.blob_id);
  IF NOT FOUND THEN RETURN; END IF;
  SELECT j.data ->> 'kind' INTO v_kind FROM pgboss.job j WHERE j.name = 'repair' AND j.id = p_job;
  FOR i IN 0 .. octet_length(v_blob.replicas) / 4 - 1 LOOP
    IF get_byte(v_blob.replicas, i * 4 + 3) = ascii('m') THEN
      IF v_kind = 'replicate' THEN PERFORM sealgate.enqueue_blob_job(v_blob.blob_id, v_kind, 0);
      ELSE PERFORM sealgate.enqueue_repair(v_blob.blob_id, v_blob.replicas, coalesce(v_blob.k, 1));
      END IF;
      RETURN;
    END IF;
  END LOOP;
END
$$;
