-- Looks at waiting jobs (of a blob, or those looked at longest ago) and ends those that are over: every target has every
-- blob, the version is gone, a target is none any more since it was placed anew, or a copy was given up. One whose work fell out of the queue is put in again. How many ended.
CREATE OR REPLACE FUNCTION sealgate.settle_jobs(p_blob uuid, p_limit integer, p_actor integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_job sealgate.jobs;
  v_blob record;
  v_found integer;
  v_missing boolean;
  v_error text;
  v_ended integer := 0;
BEGIN
  FOR v_job IN
    SELECT j.* FROM sealgate.jobs j WHERE j.state = 'waiting' AND (p_blob IS NULL OR j.blobs @> ARRAY[p_blob])
    ORDER BY j.updated_at, j.id LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    v_found := 0;
    v_missing := false;
    v_error := NULL;
    FOR v_blob IN
      SELECT b.blob_id, r.stored, r.placed FROM sealgate.blobs b CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE get_byte(b.replicas, i * 4 + 3) = ascii('s')) AS stored, count(*) AS placed
        FROM generate_series(0, octet_length(b.replicas) / 4 - 1) i
        WHERE get_byte(b.replicas, i * 4 + 3) <> ascii('l') AND get_byte(b.replicas, i * 4 + 2) = 0
          AND get_byte(b.replicas, i * 4) * 256 + get_byte(b.replicas, i * 4 + 1) = ANY (v_job.targets)
      ) AS r WHERE b.blob_id = ANY (v_job.blobs)
        AND NOT EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = b.blob_id)
    LOOP
      v_found := v_found + 1;
      CONTINUE WHEN v_blob.stored >= array_length(v_job.targets, 1);
      v_missing := true;
      IF v_blob.placed < array_length(v_job.targets, 1) THEN
        v_error := 'NoLegalPlacement';
        EXIT;
      END IF;
      CONTINUE WHEN EXISTS (SELECT FROM pgboss.job p
        WHERE p.name = 'repair' AND p.singleton_key = v_blob.blob_id::text AND p.state <= 'active');
      SELECT coalesce(p.output ->> 'reason', 'LeaseLost') INTO v_error FROM pgboss.job p
      WHERE p.name = 'repair-dead' AND p.state < 'active' AND p.data ->> 'blobId' = v_blob.blob_id::text LIMIT 1;
      EXIT WHEN FOUND;
      PERFORM sealgate.enqueue_blob_job(v_blob.blob_id, 'replicate', v_job.priority);
    END LOOP;
    IF v_found < array_length(v_job.blobs, 1) THEN v_error := 'NoSuchVersion'; END IF;
    IF v_error IS NULL AND v_missing THEN
      UPDATE sealgate.jobs j SET updated_at = now() WHERE j.id = v_job.id;
    ELSE
      v_ended := v_ended + 1;
      UPDATE sealgate.jobs j SET state = CASE WHEN v_error IS NULL THEN 'done' ELSE 'failed' END, updated_at = now(), ended_at = now(),
        last_error = v_error WHERE j.id = v_job.id;
      -- Action 74: job ended.
      INSERT INTO sealgate.audit_log (seq, at, actor, bucket_id, action, version_seq, request_id, detail)
      VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, v_job.bucket_id, 74, v_job.version_seq, '',
        jsonb_strip_nulls(jsonb_build_object('job', v_job.id, 'reason', v_error)));
    END IF;
  END LOOP;
  RETURN v_ended;
END
$$;
